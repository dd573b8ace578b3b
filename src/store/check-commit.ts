import { WherryError } from '#lib/errors.ts'
import type { Operation } from './store.ts'

/** Bound of one commit, so that no single one can hold up all others. etcd's is 128; a namespace's quota and claims need more. Below `idsPerRevision`. */
const maximumOperations = 1000

/** Refuses what no store may accept: a key twice (which of the two would win?), an empty key, a commit without end. */
export function checkCommit(operations: readonly Operation[]): void {
  if (operations.length > maximumOperations)
    throw new WherryError(
      'RequestEntityTooLarge',
      `a commit holds at most ${maximumOperations} operations; this one has ${operations.length}`,
    )
  if (operations.length === 1 && operations[0]!.key !== '') return
  const keys = new Set<string>()
  for (const { key } of operations) {
    if (key === '') throw new WherryError('BadRequest', 'a key is empty')
    if (keys.has(key)) throw new WherryError('BadRequest', `key ${JSON.stringify(key)} stands twice in one commit`)
    keys.add(key)
  }
}
