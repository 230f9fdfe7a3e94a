/**
 * Everything that crosses between a device process and whoever drives it (the orchestrator, the CLI, a test,
 * a person with a config file): types and validation, no I/O.
 */
export * from './control/attach.js';
export * from './control/chaos.js';
export { checkChaosOrders } from './control/chaos-check.js';
export * from './control/config.js';
export { checkDeviceConfig } from './control/config-check.js';
export * from './control/json-rpc.js';
export * from './control/rpc.js';
export * from './control/stream.js';
export * from './control/tables.js';
export * from './control/tunnel.js';
export { COUNTER_NAMES, type CounterName } from './stack/counter-names.js';
export { DROP_REASONS, type DropReason } from './stack/drop-reasons.js';
export * from './stack/link-settings.js';
export * from './stack/packet-faults.js';
export { Random } from './stack/random.js';
export type { DnsCacheName, TcpState, TraceDetail, TraceEvent } from './stack/trace.js';
