import { WherryError } from '#lib/errors.ts'

/** `topologyManagerPolicyOptions`, those that are stable or on by default in v1.36. */
export interface TopologyOptions {
  /** `prefer-closest-numa-nodes`. */
  readonly prefersClosest: boolean
  /** `max-allowable-numa-nodes`: on machines with more the manager refuses to work. */
  readonly maxNodes: number
}

/** Throws `Invalid` for an option that there is not and a value that is none; `nameOf` says how a field is called where it was set. */
export function readTopologyOptions(given: Readonly<Record<string, string>>, nameOf = (field: string): string => field): TopologyOptions {
  const read = { prefersClosest: false, maxNodes: MAX_NODES }
  for (const [name, value] of Object.entries(given)) {
    const where = `${nameOf('topologyManagerPolicyOptions')}.${name}`
    if (name === 'prefer-closest-numa-nodes') {
      if (value !== 'true' && value !== 'false') throw new WherryError('Invalid', `${where} must be "true" or "false", not "${value}"`)
      read.prefersClosest = value === 'true'
    } else if (name === 'max-allowable-numa-nodes') {
      const count = Number(value)
      if (!Number.isInteger(count) || count < MAX_NODES)
        throw new WherryError('Invalid', `${where} must be a whole number from ${MAX_NODES}, not "${value}"`)
      read.maxNodes = count
    } else throw new WherryError('Invalid', `there is no option ${where}; known are prefer-closest-numa-nodes and max-allowable-numa-nodes`)
  }
  return read
}

/** The reference's default, above which the combinations are too many. */
const MAX_NODES = 8
