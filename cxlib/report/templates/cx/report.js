(() => {
  const root = document.documentElement;
  root.classList.add('scripted');
  const find = id => document.getElementById(id);
  const stored = (key, value) => {
    try { return value === undefined ? localStorage.getItem(key) : localStorage.setItem(key, value); }
    catch { return null; }
  };
  const dark = () => root.dataset.theme
    ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  if (stored('cx-theme')) root.dataset.theme = stored('cx-theme');

  const theme = find('theme');
  if (theme) {
    theme.hidden = false;
    theme.onclick = () => stored('cx-theme', root.dataset.theme = dark() ? 'light' : 'dark');
  }
  const code = find('code'), blocks = document.querySelectorAll('details.code');
  if (code && blocks.length) {
    code.hidden = false;
    code.onclick = () => {
      const on = code.getAttribute('aria-pressed') !== 'true';
      code.setAttribute('aria-pressed', on);
      [code.textContent, code.dataset.other] = [code.dataset.other, code.textContent];
      root.classList.toggle('coded', on);
      blocks.forEach(block => { block.open = on; });
    };
  }
  // Only a box that really scrolls should be a stop for the keyboard.
  const boxes = () => document.querySelectorAll('.scroll, .pan').forEach(box => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute('tabindex');
  });
  boxes(); addEventListener('resize', boxes);

  // A table without its numbers in the page can be saved as it stands there.
  const field = text => {
    let value = text.trim().replace(/\s+/g, ' ').replace(/^−(?=\d)/, '-');
    if (/^[=+\-@＝＋－＠]/.test(value) && isNaN(value.replaceAll(',', ''))) value = "'" + value;
    return /[",]/.test(value) ? '"' + value.replaceAll('"', '""') + '"' : value;
  };
  const save = box => {
    const rows = [...box.querySelectorAll('tr')]
      .map(row => [...row.cells].map(cell => field(cell.textContent)).join(','));
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob(['\ufeff', rows.join('\n'), '\n'], { type: 'text/csv' }));
    link.download = box.getAttribute('aria-label').toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-') + '.csv';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  const words = find('main').dataset;
  document.querySelectorAll('main .scroll').forEach(box => {
    let line = box.nextElementSibling;
    if (!line?.matches('.get')) {
      line = document.createElement('p');
      line.className = 'get';
      box.after(line);
    }
    if (line.querySelector('[download][href^="data:"]')) return;
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = words.csv;
    button.setAttribute('aria-label', `${words.csvOf} ${box.getAttribute('aria-label')}`);
    button.onclick = () => save(box);
    line.append(button);
  });

  const contents = document.querySelector('#contents details');
  if (contents && matchMedia('(max-width: 60rem)').matches) contents.open = false;
  const links = new Map([...document.querySelectorAll('#contents a')]
    .map(link => [decodeURIComponent(link.hash.slice(1)), link]));
  const seen = new IntersectionObserver(entries => entries.forEach(entry => {
    if (!entry.isIntersecting) return;
    links.forEach(link => link.removeAttribute('aria-current'));
    links.get(entry.target.id)?.setAttribute('aria-current', 'true');
  }), { rootMargin: '0px 0px -75% 0px' });
  links.forEach((link, id) => find(id) && seen.observe(find(id)));
})();
