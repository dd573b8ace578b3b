import type { RequestInfo } from '../http/request-info.ts'
import { isTrue } from '../http/request-info.ts'

/** How much of the server a request takes. */
export interface Work {
  /** Seats while it runs. */
  readonly initialSeats: number
  /** Seats while its events go out to watches, after it was answered. */
  readonly finalSeats: number
  readonly lingerMs: number
}

/** What is known about a resource when a request for it comes. */
export interface ResourceFacts {
  /** Objects of the resource that are stored. */
  objects(group: string, resource: string): { readonly count: number; readonly averageBytes: number } | undefined
  /** Watches that a write would reach. */
  watches(info: RequestInfo): number
}

/**
 * Seats of a request, by the reference's rules (v1.36: lists by the size of what they read, writes by the watches they wake). `seatsMax`
 * is the most that the priority level gives one request; 0: it sets no limit.
 */
export function estimateWork(info: RequestInfo, facts: ResourceFacts, seatsMax: number): Work {
  if (!info.isResource) return oneSeat
  switch (info.verb) {
    case 'list':
      return listWork(info, facts, seatsMax)
    case 'watch':
      return startsWithState(info.query) ? listWork(info, facts, seatsMax) : oneSeat
    case 'create':
    case 'update':
    case 'patch':
    case 'delete':
      return writeWork(info, facts, seatsMax)
    default:
      return oneSeat
  }
}

/** A watch that begins with what there is does a list's work first. */
export function startsWithState(query: URLSearchParams): boolean {
  const version = query.get('resourceVersion') ?? ''
  return isTrue(query.get('sendInitialEvents')) || version === '' || version === '0'
}

function listWork({ group, resource, name, query }: RequestInfo, facts: ResourceFacts, seatsMax: number): Work {
  const stored = facts.objects(group, resource)
  if (stored === undefined) return oneSeat
  const limit = Number(query.get('limit') ?? 0)
  const read = name !== '' ? 1 : limit > 0 ? Math.min(limit, stored.count) : stored.count
  // However long, a list goes out in pieces: it never holds more than so much.
  const heldBytes = Math.min(read * stored.averageBytes, streamedBytes)
  const seats = Math.ceil(heldBytes / bytesPerSeat)
  const most = seatsMax === 0 ? listSeatsMax : Math.min(seatsMax, listSeatsMax)
  return seats <= 1 ? oneSeat : { initialSeats: Math.max(1, Math.min(seats, most)), finalSeats: 0, lingerMs: 0 }
}

function writeWork(info: RequestInfo, facts: ResourceFacts, seatsMax: number): Work {
  // A token is written nowhere, so nobody watches it.
  if (info.resource === 'serviceaccounts' && info.subresource === 'token') return oneSeat
  const watches = facts.watches(info)
  if (watches < watchesPerSeat) return oneSeat
  const wanted = Math.ceil(watches / watchesPerSeat)
  const finalSeats = Math.min(wanted, seatsMax === 0 ? writeSeatsMax : Math.min(seatsMax, writeSeatsMax))
  return { initialSeats: 1, finalSeats, lingerMs: (wanted * eventMs) / finalSeats }
}

const oneSeat: Work = { initialSeats: 1, finalSeats: 0, lingerMs: 0 }
// The reference's figures.
const bytesPerSeat = 100_000
const streamedBytes = 1_000_000
const listSeatsMax = 100
const writeSeatsMax = 10
const watchesPerSeat = 10
const eventMs = 5
