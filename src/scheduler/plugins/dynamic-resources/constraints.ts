import type { Device, DeviceAttribute, DeviceConstraint } from '#api/resource/v1/types.ts'
import { WherryError } from '#lib/errors.ts'
import type { SliceDevice } from './device-slice.ts'

/** What devices of a claim have to have in common, or not. A device that was refused makes no difference later: more devices never help. */
export interface Constraint {
  /** Takes the device in, or refuses it. `alternative` is the name of a subrequest, '' for none. */
  add(request: string, alternative: string, device: SliceDevice): boolean
  /** Undoes the last `add` that took a device in; it is given the same. */
  remove(request: string, alternative: string, device: SliceDevice): void
}

/** A constraint without devices. Throws a `WherryError` for one of a kind that we do not know. `claim`: its namespace and name. */
export function createConstraint(
  { requests = [], matchAttribute, distinctAttribute }: DeviceConstraint,
  claim: string,
  index: number,
): Constraint {
  const names = new Set(requests)
  const isMeant = (request: string, alternative: string): boolean =>
    names.size === 0 || names.has(request) || (alternative !== '' && names.has(`${request}/${alternative}`))
  const attribute = matchAttribute ?? distinctAttribute
  if (attribute === undefined)
    throw new WherryError('InternalError', `claim ${claim}, constraint #${index}: empty constraint (unsupported constraint type?)`)
  const set = matchAttribute === undefined ? distinctValues() : equalValues()
  return {
    add(request, alternative, device) {
      if (!isMeant(request, alternative)) return true
      const value = attributeText(device, attribute)
      return value !== undefined && set.add(value)
    },
    remove(request, alternative, device) {
      if (isMeant(request, alternative)) set.remove(attributeText(device, attribute)!)
    },
  }
}

interface Values {
  add(value: string): boolean
  remove(value: string): void
}

function equalValues(): Values {
  let common = ''
  let devices = 0
  return {
    add(value) {
      if (devices > 0 && (value === unknown || value !== common)) return false
      common = value
      devices += 1
      return true
    },
    remove() {
      devices -= 1
    },
  }
}

function distinctValues(): Values {
  const present = new Set<string>()
  return {
    add(value) {
      if (present.has(value) || (value === unknown && present.size > 0)) return false
      present.add(value)
      return true
    },
    remove: (value) => void present.delete(value),
  }
}

/** Stands for a value of a kind that cannot be compared. */
const unknown = '?'

/** The value with its kind, since the number 1 is not the text 1; undefined: the device has no such attribute. */
function attributeText({ device, slice }: SliceDevice, name: string): string | undefined {
  const found = attributeOf(device, slice.slice.spec.driver, name)
  if (found === undefined) return undefined
  const { string, int, bool, version } = found
  if (string !== undefined) return `string ${string}`
  if (int !== undefined) return `int ${int}`
  if (bool !== undefined) return `bool ${bool}`
  return version === undefined ? unknown : `version ${version}`
}

/** By its full name, or by the name alone where the domain is the driver's own. */
function attributeOf({ attributes = {} }: Device, driver: string, name: string): DeviceAttribute | undefined {
  if (Object.hasOwn(attributes, name)) return attributes[name]
  const [domain, rest = ''] = name.split('/', 2)
  return domain === driver && Object.hasOwn(attributes, rest) ? attributes[rest] : undefined
}
