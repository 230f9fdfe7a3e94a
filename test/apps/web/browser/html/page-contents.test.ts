import fc from 'fast-check';
import t from 'tap';
import { readPage } from '../../../../../devices/apps/web/browser/html/page-contents.js';
import { browserLibraries } from '../../../../../devices/apps/web/browser/libraries.js';

const AT = 'http://www.server.com/books/index.html';
const libraries = await browserLibraries();
const read = (html: string) => readPage(html, AT, libraries);
const urls = (html: string) => read(html).resources.map((resource) => resource.url);

t.test('a page asks for its style sheet, icon, scripts and images, from other hosts too', async (t) => {
  const page = `<!doctype html><html><head>
    <link rel="stylesheet" href="/style.css"><link rel="shortcut icon" href="favicon.png">
    <script src="app.js" defer></script></head>
    <body><img src="http://img.server.com/cover.png"><img src="//img.server.com/back.png">
    <picture><source srcset="wide.webp"><img src="narrow.png"></picture></body></html>`;
  t.strictSame(
    read(page).resources.map(({ url, initiator }) => ({ url, initiator })),
    [
      { url: 'http://www.server.com/style.css', initiator: 'link' },
      { url: 'http://www.server.com/books/favicon.png', initiator: 'link' },
      { url: 'http://www.server.com/books/app.js', initiator: 'script' },
      { url: 'http://img.server.com/cover.png', initiator: 'img' },
      { url: 'http://img.server.com/back.png', initiator: 'img' },
      { url: 'http://www.server.com/books/wide.webp', initiator: 'img' },
    ],
  );
});

t.test('the first base that has an href moves all that is relative after it', async (t) => {
  t.strictSame(urls('<base target="_top"><base href="/static/"><base href="/other/"><img src="a.png">'), [
    'http://www.server.com/static/a.png',
  ]);
});

t.test('a resource that is named twice is asked for once, whatever its fragment', async (t) => {
  t.strictSame(urls('<img src="a.svg#left"><img src="a.svg#right"><img src="a.svg">'), [
    'http://www.server.com/books/a.svg',
  ]);
});

t.test('of a srcset, an image takes what suits a window of single density', async (t) => {
  t.strictSame(
    urls('<img srcset="small.png 1x, large.png 2x"><img srcset="one.png, two.png 2x"><img src="" srcset="s.png">'),
    [
      'http://www.server.com/books/small.png',
      'http://www.server.com/books/one.png',
      'http://www.server.com/books/s.png',
    ],
  );
});

t.test('nothing is asked for where nothing is to be had', async (t) => {
  t.strictSame(
    urls(`<img src="data:image/png;base64,AAAA"><img><img src=" "><a href="next.html">next</a><script>1</script>
      <link rel="canonical" href="/"><link rel="alternate stylesheet" href="/dark.css"><img src="http://[bad/">
      <!-- <img src="comment.png"> --><template><img src="later.png"></template><link href="no-rel.css">`),
    [],
  );
});

t.test('names to be resolved early and connections to be made are told apart from resources', async (t) => {
  const { resources, hints } = read(
    '<link rel="dns-prefetch" href="//img.server.com"><link rel=preconnect href="http://maps.google.com/">',
  );
  t.strictSame(resources, []);
  t.strictSame(hints, [
    { hint: 'dns-prefetch', url: 'http://img.server.com/' },
    { hint: 'preconnect', url: 'http://maps.google.com/' },
  ]);
});

t.test('deep nesting does not exhaust anything, and the number of requests is bounded', async (t) => {
  t.strictSame(urls(`${'<div>'.repeat(20_000)}<img src="deep.png">`), []);
  t.strictSame(urls(`${'<div>'.repeat(400)}<img src="deep.png">`), ['http://www.server.com/books/deep.png']);
  t.equal(urls(Array.from({ length: 2_000 }, (_, i) => `<img src="${i}.png">`).join('')).length, 500);
});

t.test('any text is some page', async () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      read(`<base href="${text}"><img src="${text}"><link rel=icon href='${text}'>${text}`);
    }),
  );
});

t.test('how urgent each thing is, and who waits for it', async (t) => {
  const { resources } = read(`<head><link rel=stylesheet href=a.css><link rel=stylesheet href=p.css media=print>
    <script src=b.js></script><script src=c.js defer></script><script src=d.js async></script>
    <script src=e.js type=module></script><script src=f.js nomodule></script><script src=g.json type=application/json></script>
    <link rel=preload as=font href=h.woff2><link rel=prefetch href=i.html><link rel=manifest href=j.json></head>
    <body><script src=k.js></script><img src=l.png loading=lazy><script src=m.js></script><link rel=stylesheet href=n.css>`);
  const facts = resources.map(({ url, priority, blocking, phase, cors }) => [
    url.slice('http://www.server.com/books/'.length),
    priority,
    blocking ? 'blocking' : '',
    phase,
    cors ? 'cors' : '',
  ]);
  t.strictSame(facts, [
    ['a.css', 'highest', 'blocking', 'parser', ''],
    ['p.css', 'lowest', '', 'load', ''],
    ['b.js', 'high', 'blocking', 'parser', ''],
    ['c.js', 'low', '', 'defer', ''],
    ['d.js', 'low', '', 'load', ''],
    ['e.js', 'low', '', 'defer', 'cors'],
    ['h.woff2', 'high', '', 'load', 'cors'],
    ['i.html', 'lowest', '', 'load', ''],
    ['j.json', 'medium', '', 'load', ''],
    ['k.js', 'high', '', 'parser', ''],
    ['l.png', 'lowest', '', 'load', ''],
    ['m.js', 'medium', '', 'parser', ''],
    ['n.css', 'highest', '', 'parser', ''],
  ]);
});

t.test('frames, media, objects, pictures in SVG, noscript, styles', async (t) => {
  const contents = read(`<title>
      A   title </title><title>another</title><style>p { color: red }</style><style media=print>x</style>
    <iframe src=a.html#x></iframe><iframe srcdoc="<p>" src=b.html></iframe><iframe src=about:blank></iframe>
    <video poster=c.png preload=none src=d.mp4></video><video><source src=e.xyz type=video/xyz><source src=f.webm type=video/webm>
    </video><object data=g.svg type=image/svg+xml></object><embed src=h.swf><svg><image href=i.png /></svg>
    <noscript><img src=j.png></noscript><div style="background: url(k.png)"></div><input type=image src=l.png>
    <track default src=m.vtt><track src=n.vtt><meta name=referrer content="origin">`);
  t.equal(contents.title, 'A title');
  t.match(contents.frames, [{ url: 'http://www.server.com/books/a.html' }, { srcdoc: '<p>' }]);
  t.equal(contents.frames.length, 2);
  t.strictSame(
    contents.styles.map(({ kind }) => kind),
    ['stylesheet', 'declarations'],
  );
  t.strictSame(
    contents.resources.map(({ url }) => url.slice('http://www.server.com/books/'.length)),
    ['c.png', 'f.webm', 'g.svg', 'h.swf', 'i.png', 'j.png', 'l.png', 'm.vtt'],
  );
  t.equal(contents.referrerPolicy, 'origin');
});

t.test('whatever is bad for parsers is read in a time that fits its size', async (t) => {
  const startedAt = process.cpuUsage().user;
  const fill = (text: string) => text.repeat(Math.floor((32 * 1024) / text.length));
  for (const text of ['<a><p>', '<table>x', '<svg><a>', '<b><p></b>', '<style>p{:;}']) read(fill(text));
  read(`<style>${fill('p{:;}')}</style>`);
  read(`<picture>${fill('<source srcset=a media="(min-width:1px)"><img>')}`);
  read(`<img srcset="${fill('a (')}" sizes="${fill('(')}">`);
  t.ok(process.cpuUsage().user - startedAt < 10e6);
});
