import { liveThrough } from './live-through.ts'

// Two files, since tests of different files run side by side. A few are quiet for an hour, as all are where the command lives them.
liveThrough(1, 1000, 'short', 30_000)
liveThrough(1, 50, 'full', 120_000)
liveThrough(1001, 1005, 'full', 3_600_000)
