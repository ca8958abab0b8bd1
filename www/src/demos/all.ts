/** The demos, in the order in which they are shown. */

import { cache } from './cache.js';
import { chat } from './chat.js';
import { counters } from './counters.js';
import type { Demo } from './demo.js';
import { drivers } from './drivers.js';
import { flags } from './flags.js';
import { jobs } from './jobs.js';
import { leaderboard } from './leaderboard.js';
import { rate } from './rate.js';
import { sessions } from './sessions.js';
import { stream } from './stream.js';

export const DEMOS: readonly Demo[] = [cache, sessions, rate, chat, jobs, counters, leaderboard, flags, drivers, stream];
