import { createHash } from 'node:crypto'
import type { AnyContainer } from './containers.ts'

/** What makes a running container another one: its name and image, as in the reference. Stored with the container, compared later. */
export const containerHash = ({ name, image }: Pick<AnyContainer, 'name' | 'image'>): string =>
  createHash('sha256')
    .update(`${name}\0${image ?? ''}`)
    .digest('hex')
    .slice(0, 16)
