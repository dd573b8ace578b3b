import { liveThrough } from './live-through.ts'

// Two files, since tests of different files run side by side. A few are quiet for an hour, as all are where the command lives them.
liveThrough(1001, 2000, 'short', 30_000)
liveThrough(51, 100, 'full', 120_000)
liveThrough(1006, 1010, 'full', 3_600_000)
