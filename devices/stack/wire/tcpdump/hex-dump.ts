/** Bytes in lines of sixteen, as `tcpdump -x` and `-X` print them, and as characters, as `-A` does. */

const LINE_BYTES = 16;
/** Eight groups of four digits with a space between. */
const HEX_WIDTH = 39;

/** Each line begins with a line feed and a tab. */
export function hexDump(bytes: Uint8Array, withText: boolean): string {
  let out = '';
  for (let at = 0; at < bytes.length; at += LINE_BYTES) {
    const line = bytes.subarray(at, at + LINE_BYTES);
    let digits = '';
    let text = '';
    line.forEach((byte, index) => {
      digits += `${index > 0 && index % 2 === 0 ? ' ' : ''}${byte.toString(16).padStart(2, '0')}`;
      text += isGraphic(byte) ? String.fromCharCode(byte) : '.';
    });
    out += `\n\t0x${at.toString(16).padStart(4, '0')}:  ${withText ? `${digits.padEnd(HEX_WIDTH)}  ${text}` : digits}`;
  }
  return out;
}

export function asciiDump(bytes: Uint8Array): string {
  let out = '\n';
  bytes.forEach((byte, index) => {
    // Of the two characters that end a line one is enough.
    if (byte === 13 && bytes[index + 1] === 10) return;
    out += isGraphic(byte) || byte === 9 || byte === 10 || byte === 32 ? String.fromCharCode(byte) : '.';
  });
  return out;
}

function isGraphic(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f;
}
