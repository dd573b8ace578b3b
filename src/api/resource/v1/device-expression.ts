import { compile, type Environment, type Program, type SizedNode } from '#lib/cel/cel.ts'
import type { Range, Structures } from '#lib/cel/environment.ts'
import { bindMacro } from '#lib/cel/macros.ts'
import { anyType, boolType, type CelType, mapType, stringType, structType } from '#lib/cel/types.ts'
import type { Cause } from '#lib/errors.ts'
import { typeText } from '#schema/cel/admission.ts'
import { environment } from '#schema/cel/environment.ts'
import { quantityType } from '#schema/cel/quantity.ts'
import { forbidden, internalError, invalid } from '#schema/validate.ts'

/** An expression that says of a device whether it is wanted (KEP 4381), or why it is none: as a cause, and in bare words. */
export function compileDeviceExpression(
  source: string,
  path: string,
): { readonly program: Program } | { readonly cause: Cause; readonly problem: string } {
  const compiled = compile(source, deviceEnvironment())
  if (!compiled.ok) {
    const isInternal = compiled.instantiation === true
    const problem = `${isInternal ? 'program instantiation' : 'compilation'} failed: ${compiled.message}`
    return { cause: isInternal ? internalError(path, problem) : invalid(path, source, problem), problem }
  }
  const { program } = compiled
  const { outputType } = program
  if (outputType.kind !== 'bool' && outputType.kind !== 'any') {
    const problem = `must evaluate to bool or the unknown type, not ${typeText(outputType)}`
    return { cause: invalid(path, source, problem), problem }
  }
  if (program.cost(sizes).max > COST_MAX) {
    const problem = 'too complex, exceeds cost limit'
    return { cause: forbidden(path, problem), problem }
  }
  return { program }
}

/** What an expression may cost by its estimate; the scheduler runs one for each device. */
const COST_MAX = 1_000_000

const deviceType = structType('kubernetes.DRADevice')
const fields: Readonly<Record<string, CelType>> = {
  driver: stringType,
  allowMultipleAllocations: boolType,
  // By the domain, then by the name.
  attributes: mapType(stringType, mapType(stringType, anyType)),
  capacity: mapType(stringType, mapType(stringType, quantityType)),
}
const structures: Structures = {
  find: (name) => (name === deviceType.name ? deviceType : undefined),
  field: (_name, field) => (Object.hasOwn(fields, field) ? fields[field] : undefined),
}

let made: Environment | undefined
function deviceEnvironment(): Environment {
  made ??= environment({ variables: { device: deviceType }, structures, macros: bindMacro })
  return made
}

/** How long the parts of a device may be, by the limits that its slice is held to. */
function sizes({ path }: SizedNode): Range | undefined {
  if (path === undefined || path[0] !== 'device') return undefined
  const [, field, ...steps] = path
  if (field === undefined) return undefined
  if (field === 'driver') return upTo(DOMAIN_LENGTH_MAX)
  if (field === 'allowMultipleAllocations') return upTo(1)
  if (field !== 'attributes' && field !== 'capacity') return undefined
  const last = steps.at(-1)
  if (steps.length === 0) return upTo(ENTRIES_MAX)
  if (steps.length === 1) return upTo(last === '@keys' ? DOMAIN_LENGTH_MAX : ENTRIES_MAX)
  if (last === '@keys') return upTo(ID_LENGTH_MAX)
  return field === 'attributes' ? upTo(VALUE_LENGTH_MAX) : undefined
}

const upTo = (max: number): Range => ({ min: 0, max })
const DOMAIN_LENGTH_MAX = 63
const ID_LENGTH_MAX = 32
const ENTRIES_MAX = 32
const VALUE_LENGTH_MAX = 64
