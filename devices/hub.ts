import { createHub } from './apps/kinds/hub.js';
import { runDevice } from './runtime/run-device.js';

runDevice('hub', createHub);
