// Downloads of any size: /3000000 is three million bytes, the same ones each time, so that one wrong bit shows.
const BLOCK = Buffer.alloc(64 * 1024);
for (let i = 0, x = 1; i < BLOCK.length; i++) {
  x = (x * 48271) % 0x7fffffff;
  BLOCK[i] = x;
}
const MOST_BYTES = 100_000_000;

export default function bigFile(request, response) {
  const bytes = Number(/^\/(\d{1,9})$/.exec(request.url)?.[1] ?? Number.NaN);
  if (!(bytes <= MOST_BYTES)) {
    response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Ask for a number of bytes: /3000000\n');
    return;
  }
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes });
  let left = bytes;
  const send = () => {
    while (left > 0) {
      const block = BLOCK.subarray(0, Math.min(left, BLOCK.length));
      left -= block.length;
      if (!response.write(block)) return response.once('drain', send);
    }
    response.end();
  };
  send();
}
