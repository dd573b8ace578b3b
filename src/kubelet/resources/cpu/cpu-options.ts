import { WherryError } from '#lib/errors.ts'

/** `cpuManagerPolicyOptions`, those that are stable or on by default in v1.36. */
export interface CpuOptions {
  /** `full-pcpus-only`: whole cores alone. */
  readonly fullCoresOnly: boolean
  /** `distribute-cpus-across-numa`: evenly over as few NUMA nodes as can be. */
  readonly distributesAcrossNuma: boolean
  /** `strict-cpu-reservation`: nobody runs on the reserved processors, not even who has none of his own. */
  readonly strictReservation: boolean
  /** `prefer-align-cpus-by-uncorecache`. */
  readonly prefersCache: boolean
}

const names = {
  'full-pcpus-only': 'fullCoresOnly',
  'distribute-cpus-across-numa': 'distributesAcrossNuma',
  'strict-cpu-reservation': 'strictReservation',
  'prefer-align-cpus-by-uncorecache': 'prefersCache',
} as const satisfies Record<string, keyof CpuOptions>

/**
 * Throws `Invalid` for an option that there is not, a value that is none, and for two that contradict each other; `nameOf` says how a field is called
 * where it was set.
 */
export function readCpuOptions(given: Readonly<Record<string, string>>, nameOf = (field: string): string => field): CpuOptions {
  const field = nameOf('cpuManagerPolicyOptions')
  const read = { fullCoresOnly: false, distributesAcrossNuma: false, strictReservation: false, prefersCache: false }
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(names, name))
      throw new WherryError('Invalid', `there is no option ${field}.${name}; known are ${Object.keys(names).join(', ')}`)
    if (value !== 'true' && value !== 'false')
      throw new WherryError('Invalid', `${field}.${name} must be "true" or "false", not "${value}"`)
    read[names[name as keyof typeof names]] = value === 'true'
  }
  if (read.prefersCache && read.distributesAcrossNuma)
    throw new WherryError(
      'Invalid',
      `${field}: prefer-align-cpus-by-uncorecache and distribute-cpus-across-numa cannot be used at the same time`,
    )
  return read
}
