import { createHash } from 'node:crypto'

/** A short name for a text: sections and conditions that say the same are one, and keep their name from one configuration to the next. */
export const contentHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)
