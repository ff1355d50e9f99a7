// NormKit starts to load before the rest of the page does.

import { live } from './engine.js';

live.start();
