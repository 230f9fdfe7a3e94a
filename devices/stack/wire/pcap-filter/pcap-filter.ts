/**
 * The filters of libpcap, as `tcpdump` takes them: `tcp port 80 and host 10.0.0.1`. They see headers where they lie in the
 * frame, and nothing of what an ICMP error quotes. Hosts are addresses here, never names.
 */
import { compileFilter, type Filter, type FilterError, isFilterError } from '../filter/filter.js';
import { orFilterError } from '../filter/filter-error.js';
import { FrameView } from './frame-view.js';
import { parsePcapFilter } from './parser.js';

/** An empty text matches all frames. */
export function compilePcapFilter(text: string): Filter | FilterError {
  return orFilterError(() => {
    const test = parsePcapFilter(text);
    return {
      text,
      matches: (packet) => {
        const frame = new FrameView(packet);
        const holds = test(frame);
        return holds && !frame.outOfBounds;
      },
    };
  });
}

/** Names with a dot in them, and signs of comparison away from brackets, are those of the display filters. */
const DISPLAY_SIGN =
  /\b(?:frame|eth|vlan|arp|ip|icmp|udp|tcp|dns|dhcp|http)\.[a-z]|["{}~]|\b(?:contains|matches|in|eq|ne|gt|lt|ge|le|xor)\b/;

/** What is a filter of either language; where it is one of both, libpcap's. */
export function compileEitherFilter(text: string): Filter | FilterError {
  const pcap = compilePcapFilter(text);
  if (!isFilterError(pcap)) return pcap;
  const display = compileFilter(text);
  return isFilterError(display) && !DISPLAY_SIGN.test(text) ? pcap : display;
}
