import fc from 'fast-check';
import t from 'tap';
import { bestSource, chooseImage, parseSrcset } from '../../../../../devices/apps/web/browser/html/srcset.js';
import { browserLibraries } from '../../../../../devices/apps/web/browser/libraries.js';

const { parseCss } = await browserLibraries();
const best = (srcset: string, sizes?: string, src?: string) => bestSource(srcset, sizes, parseCss, src);

t.test('densities: single is enough; the densest when there is no single one', async (t) => {
  t.equal(best('a.png 2x, b.png 1x, c.png 0.5x'), 'b.png');
  t.equal(best('a.png 1.5x, b.png 3x'), 'a.png');
  t.equal(best('a.png 0.25x, b.png 0.5x'), 'b.png');
  t.equal(best('a.png 2x', undefined, 'src.png'), 'src.png', 'src is the single one');
  t.equal(best('a.png, b.png 2x', undefined, 'src.png'), 'a.png');
});

t.test('widths: the smallest that fills the place', async (t) => {
  const srcset = 's.png 320w, m.png 640w, l.png 1280w, x.png 2560w';
  t.equal(best(srcset), 'l.png', 'the whole window without sizes');
  t.equal(best(srcset, '50vw'), 'm.png');
  t.equal(best(srcset, '(max-width: 600px) 100vw, 300px'), 's.png');
  t.equal(best(srcset, '(min-width: 600px) 33vw, 100vw'), 'm.png');
  t.equal(best(srcset, 'calc(1px + 2px)'), 'l.png', 'what is not understood is the whole window');
  t.equal(best(srcset, undefined, 'src.png'), 'l.png', 'src does not count beside widths');
});

t.test('commas, spaces and nonsense', async (t) => {
  const urls = (text: string) => parseSrcset(text).map(({ url }) => url);
  t.strictSame(urls(' , a.png, , b,c.png 2x ,data:image/png;base64,AA 3x'), [
    'a.png',
    'b,c.png',
    'data:image/png;base64,AA',
  ]);
  t.strictSame(urls('a.png 1x 2x, b.png 0w, c.png 10q, d.png 100w 50h, e.png -1x'), ['d.png']);
  t.strictSame(urls('a.png (1x, b.png'), []);
  t.strictSame(urls(''), []);
  fc.assert(fc.property(fc.string({ maxLength: 100 }), (text) => parseSrcset(text).every(({ url }) => url !== '')));
});

t.test('a picture: the first source whose medium and type fit, else the image itself', async (t) => {
  const own = { src: 'own.png' };
  const of = (...sources: Parameters<typeof chooseImage>[1]) => chooseImage(own, sources, parseCss);
  t.equal(of({ srcset: 'a.avif', type: 'image/avif' }, { srcset: 'b.png' }), 'a.avif');
  t.equal(of({ srcset: 'a.jxl', type: 'image/jxl' }, { srcset: 'b.png' }), 'b.png');
  t.equal(of({ srcset: 'a.png', media: '(max-width: 600px)' }), 'own.png');
  t.equal(of({ src: 'not.png' }, { srcset: '' }), 'own.png');
  t.equal(chooseImage({}, [], parseCss), undefined);
});
