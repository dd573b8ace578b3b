import type { Device, DeviceAttribute } from '#api/resource/v1/types.ts'
import { fault, isFault, type MapKey, type Value } from '#lib/cel/values.ts'
import { quantityFunctions } from '#schema/cel/quantity.ts'
import { semverFunctions } from '#schema/cel/semver.ts'

/**
 * The variable `device` of an expression that chooses devices (API: CELDeviceSelector). A domain that the device has nothing of is an empty
 * map, so that expressions need not ask for it first. A fault: an attribute that cannot be shown.
 */
export function deviceValue(driver: string, { attributes = {}, capacity = {}, allowMultipleAllocations = false }: Device): Value {
  const shownAttributes = byDomain(driver, attributes, attributeValue)
  const shownCapacity = byDomain(driver, capacity, ({ value }) => quantityOf(value))
  if (isFault(shownAttributes)) return shownAttributes
  if (isFault(shownCapacity)) return shownCapacity
  return mapOf([
    ['driver', driver],
    ['allowMultipleAllocations', allowMultipleAllocations],
    ['attributes', shownAttributes],
    ['capacity', shownCapacity],
  ])
}

/** A name without a domain is in that of the driver. */
function byDomain<T>(driver: string, entries: Readonly<Record<string, T>>, shown: (entry: T) => Value): Value {
  const domains = new Map<string, [string, Value][]>()
  for (const [name, entry] of Object.entries(entries)) {
    const value = shown(entry)
    if (isFault(value)) return fault(`attribute ${name}: ${value.message}`)
    const slash = name.indexOf('/')
    const domain = slash === -1 ? driver : name.slice(0, slash)
    let inside = domains.get(domain)
    if (inside === undefined) domains.set(domain, (inside = []))
    inside.push([name.slice(slash + 1), value])
  }
  return { kind: 'map', entries: new Domains([...domains].map(([domain, inside]) => [domain, [domain, mapOf(inside)]])) }
}

/** Has what was put in, and something for whatever else is asked. */
class Domains extends Map<MapKey, readonly [Value, Value]> {
  override get(key: MapKey): readonly [Value, Value] {
    return super.get(key) ?? ['', empty]
  }
}

const mapOf = (entries: readonly (readonly [string, Value])[]): Value => ({
  kind: 'map',
  entries: new Map(entries.map((entry) => [entry[0], entry])),
})
const empty = mapOf([])

function attributeValue({ int, bool, string, version }: DeviceAttribute): Value {
  if (int !== undefined) return BigInt(int)
  if (bool !== undefined) return bool
  if (string !== undefined) return string
  if (version === undefined) return fault('unsupported attribute value')
  const value = versionOf(version)
  return isFault(value) ? fault(`parse semantic version: ${value.message}`) : value
}

const versionOf = semverFunctions['semver']!['string_to_semver']![1]!
const quantityOf = quantityFunctions['quantity']!['string_to_quantity']![1]!
