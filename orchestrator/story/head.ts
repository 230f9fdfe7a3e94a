/** Fields in the text of a head. */

/** Of every line of that name, in order, without the white space around it. Names have no case (RFC 9110 section 5.1). */
export function headValues(head: string, name: string): string[] {
  const lines = head.split(/\r?\n/).filter((line) => line.slice(0, name.length + 1).toLowerCase() === `${name}:`);
  return lines.map((line) => line.slice(name.length + 1).trim());
}
