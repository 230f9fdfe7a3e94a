import { createRouter } from './apps/kinds/router.js';
import { runDevice } from './runtime/run-device.js';

runDevice('router', createRouter);
