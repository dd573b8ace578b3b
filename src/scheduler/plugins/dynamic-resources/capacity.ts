import type { CapacityRequestPolicy, DeviceCapacity } from '#api/resource/v1/types.ts'
import { compareQuantity, formatQuantity, parseQuantity, type Quantity, quantityOf } from '#lib/quantity.ts'

/** What a request asks for of a device's capacities (KEP-5075), by name. */
export type CapacityRequests = Readonly<Record<string, string>>
type Capacities = Readonly<Record<string, DeviceCapacity>>

/**
 * How much of each capacity a request takes: what it asks for, rounded up as the device wants it; where it asks for nothing, what the
 * device gives by default, or all. Undefined: it asks for what the device does not have, or does not give in such an amount.
 */
export function takenCapacity(requests: CapacityRequests, capacities: Capacities): ReadonlyMap<string, Quantity> | undefined {
  for (const name of Object.keys(requests)) if (!Object.hasOwn(capacities, name)) return undefined
  const taken = new Map<string, Quantity>()
  for (const [name, capacity] of Object.entries(capacities)) {
    const requested = Object.hasOwn(requests, name) ? requests[name] : undefined
    const amount = requested === undefined ? unasked(capacity) : rounded(parseQuantity(requested), capacity.requestPolicy)
    if (violates(amount, capacity.requestPolicy)) return undefined
    taken.set(name, amount)
  }
  return taken
}

/** Whether the device still has that much, with what others hold of it (billionths by capacity). */
export function hasRoom(
  taken: ReadonlyMap<string, Quantity>,
  capacities: Capacities,
  ...held: readonly (ReadonlyMap<string, bigint> | undefined)[]
): boolean {
  for (const [name, { nano }] of taken) {
    const others = held.reduce((sum, amounts) => sum + (amounts?.get(name) ?? 0n), 0n)
    if (nano + others > parseQuantity(capacities[name]!.value).nano) return false
  }
  return true
}

/** As the API shows it. */
export const capacityTexts = (taken: ReadonlyMap<string, Quantity>): Record<string, string> =>
  Object.fromEntries([...taken].map(([name, amount]) => [name, formatQuantity(amount)]))

const unasked = ({ requestPolicy, value }: DeviceCapacity): Quantity => parseQuantity(requestPolicy?.default ?? value)

function rounded(requested: Quantity, policy: CapacityRequestPolicy | undefined): Quantity {
  const { validRange, validValues = [] } = policy ?? {}
  if (validRange?.min !== undefined) {
    const min = parseQuantity(validRange.min)
    if (requested.nano < min.nano) return min
    if (validRange.step === undefined) return requested
    const { units: lowest, step } = { units: wholeUnits(min), step: wholeUnits(parseQuantity(validRange.step)) }
    const above = wholeUnits(requested) - lowest
    return quantityOf(lowest + ((above + step - 1n) / step) * step, 'BinarySI')
  }
  const next = validValues.find((value) => compareQuantity(requested, value) <= 0)
  return next === undefined ? requested : parseQuantity(next)
}

function violates(amount: Quantity, policy: CapacityRequestPolicy | undefined): boolean {
  if (policy === undefined) return false
  const { validRange, validValues = [], default: usual } = policy
  if (usual !== undefined && compareQuantity(amount, usual) === 0) return false
  if (validRange !== undefined) {
    const { min, max, step } = validRange
    if (max !== undefined && compareQuantity(amount, max) > 0) return true
    return step !== undefined && (wholeUnits(amount) - wholeUnits(parseQuantity(min ?? '0'))) % wholeUnits(parseQuantity(step)) !== 0n
  }
  return validValues.length > 0 && !validValues.some((value) => compareQuantity(amount, value) === 0)
}

/** Rounded up, as steps are counted. */
const wholeUnits = ({ nano }: Quantity): bigint => (nano > 0n ? (nano + 999_999_999n) / 1_000_000_000n : nano / 1_000_000_000n)
