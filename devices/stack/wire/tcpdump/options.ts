/** How much is printed of a packet; each as the option of tcpdump that it is named for. */
export interface PrintOptions {
  /** -v once, twice: more of each header. */
  readonly verbosity?: 0 | 1 | 2;
  /** -q: less. */
  readonly quiet?: boolean;
  /** -e: addresses and type of the frame first. */
  readonly linkLevel?: boolean;
  /** -S: sequence numbers as they stand in the header. */
  readonly absoluteSequence?: boolean;
  /** -x, -X: the packet's bytes below, `text` with their characters. */
  readonly dump?: 'hex' | 'text';
  /** -xx, -XX: with the frame's header. */
  readonly dumpLinkLevel?: boolean;
  /** -A: the packet's characters below. */
  readonly ascii?: boolean;
}
