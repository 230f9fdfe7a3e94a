/** The time before a line of `tcpdump`, by how often -t was given. */

export class PacketTimes {
  private readonly format: number;
  private first: number | undefined;
  private before: number | undefined;

  constructor(format: number) {
    this.format = format;
  }

  /** With a space behind it; empty for none. `epochMs`: milliseconds since 1970. */
  next(epochMs: number): string {
    const micros = Math.round(epochMs * 1000);
    this.first ??= micros;
    const sinceBefore = micros - (this.before ?? micros);
    this.before = micros;
    switch (this.format) {
      case 1:
        return '';
      case 2:
        return `${seconds(micros)} `;
      case 3:
        return ` ${duration(sinceBefore)} `;
      case 4:
        return `${dateOf(micros)} ${timeOfDay(micros)} `;
      case 5:
        return ` ${duration(micros - this.first)} `;
      default:
        return `${timeOfDay(micros)} `;
    }
  }
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function fraction(micros: number): string {
  return String(micros % 1_000_000).padStart(6, '0');
}

function seconds(micros: number): string {
  return `${Math.floor(micros / 1_000_000)}.${fraction(micros)}`;
}

/** Both in local time. */
function timeOfDay(micros: number): string {
  const date = new Date(Math.floor(micros / 1000));
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${fraction(micros)}`;
}

function dateOf(micros: number): string {
  const date = new Date(Math.floor(micros / 1000));
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function duration(micros: number): string {
  const whole = Math.floor(micros / 1_000_000);
  const hours = Math.floor(whole / 3600);
  return `${two(hours)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}.${fraction(micros)}`;
}
