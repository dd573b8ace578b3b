import { liveThrough } from './testing/seeds.ts'

// Two files, since tests of different files run side by side.
liveThrough(1, 50)
