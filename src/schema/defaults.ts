import { fieldsPlan } from './plan.ts'
import type { AnyType, Shape, StructuralShape } from './schema.ts'
import { fillDefaults } from './structural/fill-defaults.ts'

/**
 * Fills in the defaults that the type declares. Returns the very same object where nothing was missing; never changes its argument. `before`,
 * where there is one, is what this function has returned for an earlier form of the value: what both share needs no look.
 */
export function withDefaults<T>(type: AnyType, value: T, before?: unknown): T {
  return (fillerOf(type.shape) ?? same)(value, before) as T
}

type Filler = (value: unknown, before?: unknown) => unknown
const same: Filler = (value) => value

const nothing: readonly unknown[] = []
const unknown: Readonly<Record<string, unknown>> = {}

/** `undefined` stands for "nothing to fill in anywhere below". */
const fillers = new WeakMap<Shape, Filler | undefined>()

function fillerOf(shape: Shape): Filler | undefined {
  if (fillers.has(shape)) return fillers.get(shape)
  // A type that holds itself finds this entry while its own is being made.
  fillers.set(shape, (value, before) => made?.(value, before) ?? value)
  const made = makeFiller(shape)
  fillers.set(shape, made)
  return made
}

function makeFiller(shape: Shape): Filler | undefined {
  if (shape.kind === 'list') {
    const item = fillerOf(shape.item.shape)
    return item && ((value, before) => fillList(value as readonly unknown[], item, before))
  }
  if (shape.kind === 'map') {
    const item = fillerOf(shape.value.shape)
    return item && ((value) => fillMap(value as Readonly<Record<string, unknown>>, item))
  }
  if (shape.kind === 'structural') return structuralFiller(shape)
  return shape.kind === 'message' ? messageFiller(shape) : undefined
}

/** Those of the definition's schema. Metadata has none. */
const structuralFiller =
  ({ schema }: StructuralShape): Filler =>
  (value) =>
    fillDefaults(schema, value)

interface Step {
  readonly name: string
  readonly fallback: unknown
  readonly pointer: boolean
  readonly fill: Filler | undefined
}

function messageFiller(shape: Shape): Filler | undefined {
  const steps: Step[] = fieldsPlan(shape)
    .map((field) => ({ name: field.name, fallback: field.field.options.default, pointer: field.pointer, fill: fillerOf(field.shape) }))
    .filter((step) => step.fill !== undefined || (step.fallback !== undefined && (step.pointer || step.fallback !== '')))
  if (steps.length === 0) return undefined
  return (value, earlier) => {
    if (value === earlier || typeof value !== 'object' || value === null) return value
    const known = typeof earlier === 'object' && earlier !== null ? (earlier as Readonly<Record<string, unknown>>) : unknown
    let copy = value as Record<string, unknown>
    for (const { name, fallback, pointer, fill } of steps) {
      const before = copy[name]
      const isMissing = before === undefined || before === null || (!pointer && (before === '' || before === 0 || before === false))
      const filled = isMissing && fallback !== undefined ? fallback : before
      const after = filled === undefined || filled === null || fill === undefined ? filled : fill(filled, known[name])
      if (after === before) continue
      if (copy === value) copy = { ...copy }
      copy[name] = after
    }
    return copy
  }
}

function fillList(list: readonly unknown[], fill: Filler, before: unknown): readonly unknown[] {
  if (list === before) return list
  const known = Array.isArray(before) ? (before as readonly unknown[]) : nothing
  let copy: unknown[] | undefined
  for (let i = 0; i < list.length; i += 1) {
    const after = fill(list[i], known[i])
    if (after === list[i]) continue
    copy ??= [...list]
    copy[i] = after
  }
  return copy ?? list
}

function fillMap(map: Readonly<Record<string, unknown>>, fill: Filler): Readonly<Record<string, unknown>> {
  let copy: Record<string, unknown> | undefined
  for (const key of Object.keys(map)) {
    const after = fill(map[key])
    if (after === map[key]) continue
    copy ??= { ...map }
    Object.defineProperty(copy, key, { value: after, writable: true, enumerable: true, configurable: true })
  }
  return copy ?? map
}
