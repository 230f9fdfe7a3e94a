import fc from 'fast-check';
import t from 'tap';
import { readStyle } from '../../../../../devices/apps/web/browser/html/style-resources.js';
import { browserLibraries } from '../../../../../devices/apps/web/browser/libraries.js';

const { parseCss } = await browserLibraries();
const read = (css: string, kind: 'stylesheet' | 'declarations' = 'stylesheet') =>
  readStyle(css, { kind, baseUrl: 'http://www.server.com/css/a.css', limit: 20, parse: parseCss });
const names = (css: string, kind?: 'stylesheet' | 'declarations') =>
  read(css, kind).resources.map(({ url }) => url.replace('http://www.server.com/css/', ''));

t.test('@import in all its forms, at the beginning alone, for our media alone', async (t) => {
  const { imports } = read(`@charset "utf-8"; @layer base;
    @import "one.css"; @import url(two.css); @import url("/three.css") screen;
    @import "print.css" print; @import "four.css" layer(x) supports(display: grid) (min-width: 10px);
    p { color: red } @import "late.css";`);
  t.strictSame(
    imports.map((url) => new URL(url).pathname),
    ['/css/one.css', '/css/two.css', '/three.css', '/css/four.css'],
  );
});

t.test('url() wherever it stands, but not in rules for other media', async (t) => {
  t.strictSame(
    names(`body { background: url(a.png) no-repeat, url("b.png") }
      ul { list-style-image: url( 'c.png' ) } .x { cursor: url(d.cur), auto; color: red }
      @media print { p { background: url(print.png) } }
      @media (min-width: 600px) { @supports (display: grid) { p { background-image: url(e.png) } } }
      .y { mask: url(#mask); filter: url(f.svg#blur); background: url(data:image/png;base64,AA) }
      .z { background: image-set("g.png" 2x, "h.png" 1x) } .n { & p { background: url(i.png) } }
      /* .c { background: url(comment.png) } */ .a { background: url(a.png) }`),
    ['a.png', 'b.png', 'c.png', 'd.cur', 'e.png', 'f.svg', 'h.png', 'i.png'],
  );
  t.strictSame(names('background: url(a.png); color: url()', 'declarations'), ['a.png']);
});

t.test('a font: the first format that is known, by the rules of CORS', async (t) => {
  const { resources } = read(`@font-face { font-family: X; src: local("X"), url(x.eot) format("embedded-opentype"),
      url(x.woff2) format("woff2"), url(x.woff) format("woff"); }
    @font-face { font-family: Y; src: url(y.ttf) }`);
  t.match(resources, [
    { url: 'http://www.server.com/css/x.woff2', kind: 'font', priority: 'highest', cors: true },
    { url: 'http://www.server.com/css/y.ttf', kind: 'font' },
  ]);
  t.equal(resources.length, 2);
});

t.test('any text is some style sheet, and what it asks for is bounded', async (t) => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (css) => read(css).resources.length <= 20));
  t.equal(names(Array.from({ length: 100 }, (_, index) => `p { background: url(${index}.png) }`).join('')).length, 20);
  t.strictSame(names(`${'@media screen {'.repeat(5000)} p { background: url(a.png) }`), []);
  t.strictSame(names('p{:;}'.repeat(40_000)), [], 'more mistakes than are worth while');
  t.strictSame(names(`p { background: ${'f('.repeat(5000)}url(a.png) }`), []);
});
