import { createSwitch } from './apps/kinds/switch.js';
import { runDevice } from './runtime/run-device.js';

runDevice('switch', createSwitch);
