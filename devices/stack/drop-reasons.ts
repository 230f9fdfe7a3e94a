/** Why a port lets a packet go no further: the names of its counters, and of `frame.drop_reason`. No other name compiles. */
export const DROP_REASONS = [
  // What arrives is no frame, or has been damaged on the way.
  'badPreamble',
  'runt',
  'giant',
  'badFcs',
  // It is one, but not for this machine.
  'notForUs',
  'multicast',
  'ieee8023Length',
  'unknownEtherType',
  // The line has lost it, or the fault that lies over the line.
  'noCarrier',
  'blackhole',
  'impairmentMtu',
  'impairmentLoss',
  'queueFull',
  'codel',
  'chaosDrop',
  // The tunnel that carries the link.
  'stranger',
  'badRecord',
  'badEncapsulation',
  'wrongVni',
  'socketFull',
  'sendFailed',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];
