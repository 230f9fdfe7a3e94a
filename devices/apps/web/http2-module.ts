/** Node's HTTP/2, for both ends: it comes with the first connection that speaks it, and costs 0.75 MB and 10 ms. */
type Http2 = typeof import('node:http2');

/** At once where Node can (20.16 and later), so that the clock of a test's world stands still meanwhile. */
export async function loadHttp2(): Promise<Http2> {
  return process.getBuiltinModule?.('node:http2') ?? (await import('node:http2'));
}
