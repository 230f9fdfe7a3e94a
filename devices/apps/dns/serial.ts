/** Serial numbers of zones (RFC 1982 with 32 bits): they go round, and of two the newer one is less than half a round ahead. */

const MODULUS = 0x1_0000_0000;
const HALF = 0x8000_0000;

/** False both ways for two numbers exactly half a round apart, which RFC 1982 section 3.2 leaves undefined. */
export function isNewerSerial(serial: number, than: number): boolean {
  const ahead = (serial - than + MODULUS) % MODULUS;
  return ahead > 0 && ahead < HALF;
}

/** The serial after a change; 0 is left out, as in BIND, since some take it for "none". */
export function nextSerial(serial: number): number {
  return (serial + 1) % MODULUS || 1;
}
