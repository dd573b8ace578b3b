import { compileDeviceExpression } from '#api/resource/v1/device-expression.ts'
import type { DeviceSelector } from '#api/resource/v1/types.ts'
import type { Program } from '#lib/cel/cel.ts'
import { kindOf } from '#lib/cel/values.ts'
import { WherryError } from '#lib/errors.ts'
import type { DeviceSlice, SliceDevice } from './device-slice.ts'
import { deviceValue } from './device-value.ts'

/** Whether a device is one of those that are meant. Throws a `WherryError` for an expression that cannot be evaluated: the pod cannot be placed at all. */
export type DeviceTest = (device: SliceDevice) => boolean

/**
 * Compiles the expressions of classes and requests. What an expression says of a device is kept as long as the slice stays the same and
 * the expression is among those that were used last: `world.kept(createDeviceSelectors)`.
 */
export function createDeviceSelectors(): (selectors: readonly DeviceSelector[] | undefined, owner: string) => DeviceTest[] {
  const known = new Map<string, Expression>()

  function expressionOf(source: string): Expression {
    const expression = known.get(source) ?? compileExpression(source)
    known.delete(source)
    known.set(source, expression)
    if (known.size > expressionsMax) known.delete(known.keys().next().value!)
    return expression
  }

  return (selectors = [], owner) =>
    selectors.map(({ cel }, index) => {
      const at = `${owner}: selector #${index}: CEL`
      const expression = expressionOf(cel?.expression ?? '')
      // Devices of a slice come one after another.
      let slice: DeviceSlice | undefined
      let answers = new Uint8Array(0)
      return (device) => {
        if (device.slice !== slice) {
          slice = device.slice
          answers = answersFor(expression, slice)
        }
        const kept = answers[device.index]!
        if (kept !== unasked) return kept === yes
        const answer = ask(expression, device)
        if (typeof answer === 'boolean') {
          answers[device.index] = answer ? yes : no
          return answer
        }
        // Not kept: it ends the attempt, and is rare.
        throw new WherryError('InternalError', `${at} ${answer}`)
      }
    })
}

/** A byte for each device and expression is kept, so that this many over 100,000 devices are some 25 MB. */
const expressionsMax = 256

interface Expression {
  readonly program: Program | undefined
  /** What is wrong with it. */
  readonly problem: string
  /** Of each slice's devices: `unasked`, `no` or `yes`. */
  readonly answers: WeakMap<DeviceSlice, Uint8Array<ArrayBuffer>>
}

const unasked = 0
const no = 1
const yes = 2

function compileExpression(source: string): Expression {
  const compiled = compileDeviceExpression(source, 'expression')
  return 'program' in compiled
    ? { program: compiled.program, problem: '', answers: new WeakMap() }
    : { program: undefined, problem: `compile error: ${compiled.problem}`, answers: new WeakMap() }
}

function answersFor({ answers }: Expression, slice: DeviceSlice): Uint8Array<ArrayBuffer> {
  let own = answers.get(slice)
  if (own === undefined) answers.set(slice, (own = new Uint8Array(slice.devices.length)))
  return own
}

/** A text is what is wrong. */
function ask({ program, problem }: Expression, { slice: { slice }, device }: SliceDevice): boolean | string {
  if (program === undefined) return problem
  const value = deviceValue(slice.spec.driver, device)
  if (value !== null && typeof value === 'object' && 'message' in value) return `runtime error: ${value.message}`
  const { value: result, error } = program.run({ device: value })
  if (error !== undefined) return `runtime error: ${error}`
  if (typeof result === 'boolean') return result
  return `runtime error: CEL result of type ${kindOf(result ?? null)} could not be converted to bool: unsupported native conversion`
}
