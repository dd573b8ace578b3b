import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import type { Random } from '#lib/random.ts'

/** The machine's chance: good enough for names, tokens and keys. */
export const systemRandom: Random = {
  next: () => randomInt(2 ** 48 - 1) / (2 ** 48 - 1),
  below: (below) => randomInt(below),
  bytes: (length) => randomBytes(length),
  uuid: () => randomUUID(),
  fork: () => systemRandom,
}
