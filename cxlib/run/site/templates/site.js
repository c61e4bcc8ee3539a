(() => {
  const form = document.querySelector('.find');
  if (!form) return;
  const field = document.getElementById('filter'), shown = document.getElementById('shown');
  const choice = document.getElementById('programme'), clear = document.getElementById('clear');
  const groups = [...document.querySelectorAll('.group')].map(box => ({
    programme: box.dataset.programme || '',
    heading: box.querySelector('h2').textContent,
    folds: [box, ...box.querySelectorAll('.rest')].map(fold => ({ fold, open: fold.open })),
    runs: [...box.querySelectorAll('.run')].map(row => ({ row, words: null })),
  }));
  const folds = groups.flatMap(group => group.folds);
  const total = groups.reduce((sum, group) => sum + group.runs.length, 0);
  const chips = [...document.querySelectorAll('.chips .badge')].map(badge => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = badge.className;
    button.textContent = badge.textContent;
    button.dataset.key = badge.dataset.key;
    button.setAttribute('aria-pressed', 'false');
    badge.replaceWith(button);
    return button;
  });
  let filtering = false;

  const wordsOf = (group, run) => {
    if (run.words === null) {
      const parts = [group.heading];
      const walker = document.createTreeWalker(run.row, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        if (walker.currentNode.parentNode.nodeName !== 'title') parts.push(walker.currentNode.data);
      }
      run.words = parts.join(' ').toLowerCase();
    }
    return run.words;
  };
  const pressed = () => chips.filter(chip => chip.getAttribute('aria-pressed') === 'true').map(chip => chip.dataset.key);

  const apply = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const states = pressed(), programme = choice ? choice.value : '';
    const active = Boolean(words.length || states.length || programme);
    if (active && !filtering) for (const one of folds) one.open = one.fold.open;
    let count = 0;
    for (const group of groups) {
      const here = !programme || group.programme === programme;
      for (const run of group.runs) {
        const state = !states.length || states.includes(run.row.dataset.state)
          || (states.includes('alert') && 'alert' in run.row.dataset);
        const match = here && state && (!words.length || words.every(word => wordsOf(group, run).includes(word)));
        if (run.row.hidden === match) run.row.hidden = !match;
        count += match;
      }
    }
    for (const { fold, open } of folds) {
      const empty = !fold.querySelector('.run:not([hidden])');
      if (fold.hidden !== empty) fold.hidden = empty;
      const wanted = active ? !empty && (count <= 200 || open) : filtering ? open : fold.open;
      if (fold.open !== wanted) fold.open = wanted;
    }
    filtering = active;
    clear.hidden = !active;
    shown.textContent = active ? `${count} of ${total} ${form.dataset.what}` : '';
  };

  const remember = () => {
    const said = new URLSearchParams();
    if (field.value.trim()) said.set('q', field.value.trim());
    if (pressed().length) said.set('state', pressed().join(','));
    if (choice && choice.value) said.set('programme', choice.value);
    const text = said.toString();
    history.replaceState(null, '', text ? `#${text}` : location.pathname + location.search);
  };
  const recall = () => {
    const said = new URLSearchParams(location.hash.slice(1));
    const states = (said.get('state') || '').split(',');
    field.value = said.get('q') || '';
    for (const chip of chips) chip.setAttribute('aria-pressed', String(states.includes(chip.dataset.key)));
    if (choice) choice.value = [...choice.options].some(one => one.value === said.get('programme')) ? said.get('programme') : '';
    apply();
  };
  const act = () => { apply(); remember(); };

  const later = window.requestIdleCallback || (work => setTimeout(() => work({ timeRemaining: () => 9 }), 50));
  const waiting = groups.flatMap(group => group.runs.map(run => [group, run]));
  const readAhead = deadline => {
    while (waiting.length && deadline.timeRemaining() > 2) wordsOf(...waiting.pop());
    if (waiting.length) later(readAhead);
  };
  later(readAhead);

  form.hidden = false;
  form.onsubmit = event => event.preventDefault();
  field.oninput = act;
  if (choice) choice.onchange = act;
  for (const chip of chips) chip.onclick = () => {
    chip.setAttribute('aria-pressed', String(chip.getAttribute('aria-pressed') !== 'true'));
    act();
  };
  clear.onclick = () => {
    field.value = '';
    if (choice) choice.value = '';
    for (const chip of chips) chip.setAttribute('aria-pressed', 'false');
    act();
    field.focus();
  };
  addEventListener('hashchange', recall);
  addEventListener('pageshow', recall);
  recall();
})();
