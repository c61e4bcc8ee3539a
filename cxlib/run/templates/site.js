(() => {
  const field = document.getElementById('filter'), shown = document.getElementById('shown');
  if (!field) return;
  field.parentElement.hidden = false;
  const runs = [...document.querySelectorAll('.run')];
  const groups = [...document.querySelectorAll('.programme')];
  field.oninput = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const run of runs) {
      run.hidden = !words.every(word => run.dataset.words.includes(word));
      count += !run.hidden;
    }
    for (const group of groups) group.hidden = !group.querySelector('.run:not([hidden])');
    shown.textContent = words.length ? `${count} of ${runs.length} reports` : '';
  };
})();
