import { createHost } from './apps/kinds/host.js';
import { runDevice } from './runtime/run-device.js';

runDevice('host', createHost);
