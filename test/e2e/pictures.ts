/** Compares pictures by their pixels, with what knows best how to read them: the browser. */
import type { Page } from 'playwright-core';

/** A difference of a channel that no eye sees: fonts and scaled pictures may be rounded otherwise. */
const TOLERANCE = 8;

/** Runs in the page, as text: the types of the browser are not those of the tests. */
const COMPARE = `async ([first, second, tolerance]) => {
  const pixels = async (base64) => {
    const image = await createImageBitmap(await (await fetch('data:image/png;base64,' + base64)).blob());
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height);
  };
  const [a, b] = [await pixels(first), await pixels(second)];
  if (a.width !== b.width || a.height !== b.height) return 1;
  let differing = 0;
  for (let i = 0; i < a.data.length; i += 4) {
    if ([0, 1, 2].some((channel) => Math.abs(a.data[i + channel] - b.data[i + channel]) > tolerance)) differing += 1;
  }
  return differing / (a.width * a.height);
}`;

/** The share of the pixels, 0 … 1, that differ visibly; 1 when the sizes do. `page` is one that nothing else uses. */
export async function differingPixels(page: Page, first: Buffer, second: Buffer): Promise<number> {
  const args = JSON.stringify([first.toString('base64'), second.toString('base64'), TOLERANCE]);
  return (await page.evaluate(`(${COMPARE})(${args})`)) as number;
}
