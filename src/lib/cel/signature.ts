import {
  boolType,
  bytesType,
  type CelType,
  doubleType,
  durationType,
  dynType,
  intType,
  listType,
  mapType,
  nullType,
  opaqueType,
  parameterType,
  stringType,
  structType,
  timestampType,
  typeOfType,
  uintType,
} from './types.ts'

const named: Readonly<Record<string, CelType>> = {
  bool: boolType,
  bytes: bytesType,
  double: doubleType,
  duration: durationType,
  dyn: dynType,
  int: intType,
  null: nullType,
  string: stringType,
  timestamp: timestampType,
  uint: uintType,
}

/** A signature taken apart. `member`: the first parameter is the target of a method. `typeParameters`: names that stand for any type. */
export interface Signature {
  readonly member: boolean
  readonly parameters: readonly CelType[]
  readonly result: CelType
  readonly typeParameters: readonly string[]
}

/**
 * The types of a function from text: `(A, list(A)) -> bool`, or `list(A).(int) -> A` with a target. A single capital letter is a type
 * parameter; `net.IP` an opaque type, `kubernetes.URL` (a dot and no listed prefix) a structure. Throws a `TypeError` for other text.
 */
export function parseSignature(text: string): Signature {
  let at = 0
  const typeParameters = new Set<string>()
  const expect = (part: string): void => {
    while (text[at] === ' ') at++
    if (!text.startsWith(part, at)) throw new TypeError(`signature ${text}: expected ${part} at ${at}`)
    at += part.length
    while (text[at] === ' ') at++
  }
  const types = (): CelType[] => {
    const found: CelType[] = []
    expect('(')
    while (text[at] !== ')') {
      found.push(type())
      if (text[at] === ',') expect(',')
    }
    expect(')')
    return found
  }
  const type = (): CelType => {
    const name = /^[A-Za-z_][\w.]*/.exec(text.slice(at))?.[0].replace(/\.$/, '') ?? ''
    if (name === '') throw new TypeError(`signature ${text}: no type at ${at}`)
    at += name.length
    const parameters = text[at] === '(' ? types() : []
    const [first = dynType, second = dynType] = parameters
    if (name === 'list') return listType(first)
    if (name === 'map') return mapType(first, second)
    if (name === 'type') return typeOfType(first)
    if (/^[A-Z]$/.test(name)) {
      typeParameters.add(name)
      return parameterType(name)
    }
    const known = named[name]
    if (known !== undefined) return known
    return opaqueNames.test(name) ? opaqueType(name, ...parameters) : structType(name)
  }
  const target = text[0] === '(' ? [] : [type()]
  if (target.length > 0) expect('.')
  const parameters = [...target, ...types()]
  expect('->')
  return { member: target.length > 0, parameters, result: type(), typeParameters: [...typeParameters] }
}

const opaqueNames = /^(optional_type|net\.)/
