import { WherryError } from '#lib/errors.ts'
import type { MachineFacts } from '../interfaces.ts'

/** Users of the node from `hostId` on, and groups of the same numbers. */
export interface IdRange {
  readonly hostId: number
  readonly length: number
}

/** The least that a pod has, and what every range is a multiple of: 16 bits, so that the usual numbers of users mean the same in all pods (KEP-127). */
export const idUnit = 65_536

/** Ids are of 32 bits, and the last one means none: the kernel maps no range that has it (user_namespaces(7)). */
const idLimit = 2 ** 32
const lastId = idLimit - 1

/**
 * The ids that pods with users of their own get theirs from: what the administrator gave the user `kubelet` in subuid(5) and subgid(5), so that no other
 * program of the machine gives them out as well; else all but the node's own. Throws `Invalid` for a range that cannot serve (the rules are those of the
 * reference's user namespace manager).
 */
export function idsOfPods(
  given: MachineFacts['subordinateIds'],
  { idsPerPod, maxPods }: { readonly idsPerPod: number; readonly maxPods: number },
): IdRange {
  if (given === undefined) return { hostId: idsPerPod, length: lastId - idsPerPod }
  if (given.uids.trim() !== given.gids.trim())
    throw refusal('users and groups must be the same range', `${given.uids.trim()} is not ${given.gids.trim()}`)
  const lines = given.uids.trim().split('\n')
  const [, , first = '', count = ''] = lines[0]!.split(/\s+/)
  const [hostId, length] = [Number(first), Number(count)]
  if (lines.length !== 1 || !/^\d+$/.test(first) || !/^\d+$/.test(count) || hostId + length > idLimit)
    throw refusal('there must be one range of ids', `getsubids says ${JSON.stringify(given.uids.trim())}`)
  if (hostId < idsPerPod || hostId % idsPerPod !== 0)
    throw refusal(`the first id must be a multiple of userNamespaces.idsPerPod, ${idsPerPod}, and not 0`, `it is ${hostId}`)
  if (length % idsPerPod !== 0)
    throw refusal(`their number must be a multiple of userNamespaces.idsPerPod, ${idsPerPod}`, `it is ${length}`)
  if (length / idsPerPod < maxPods) throw refusal(`they must do for maxPods, ${maxPods} pods with ${idsPerPod} each`, `there are ${length}`)
  return { hostId, length: Math.min(length, lastId - hostId) }
}

const refusal = (wanted: string, found: string): WherryError =>
  new WherryError('Invalid', `the ids of the user kubelet in /etc/subuid and /etc/subgid cannot be given to pods: ${wanted}; ${found}`)
