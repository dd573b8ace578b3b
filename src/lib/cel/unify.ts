import { type CelType, dynType, isDyn, isDynOrError, listType, mapType, opaqueType, sameType, typeOfType } from './types.ts'

/** What type parameters have been found to stand for, by the parameter's text. */
export type Bindings = Map<string, CelType>

/** Whether every type of the first list fits where one of the second is wanted; then the bindings that it takes are added. */
export function assignable(bindings: Bindings, from: readonly CelType[], to: readonly CelType[]): boolean {
  const trial: Trial = { bindings, undo: [] }
  if (allFit(trial, from, to)) return true
  for (const [text, before] of trial.undo.toReversed()) {
    if (before === undefined) bindings.delete(text)
    else bindings.set(text, before)
  }
  return false
}

/** The type with its parameters replaced by what they stand for; free ones by dyn where `toDyn`. */
export function substitute(bindings: Bindings, type: CelType, toDyn = false): CelType {
  const bound = bindings.get(type.text)
  if (bound !== undefined) return substitute(bindings, bound, toDyn)
  const inner = (): CelType[] => type.parameters.map((each) => substitute(bindings, each, toDyn))
  switch (type.kind) {
    case 'parameter':
      return toDyn ? dynType : type
    case 'list':
      return listType(...(inner() as [CelType]))
    case 'map':
      return mapType(...(inner() as [CelType, CelType]))
    case 'opaque':
      return type.parameters.length === 0 ? type : opaqueType(type.name, ...inner())
    case 'type':
      return type.parameters.length === 0 ? type : typeOfType(...(inner() as [CelType]))
    default:
      return type
  }
}

/** The wider of two types that fit each other. */
export const mostGeneral = (a: CelType, b: CelType): CelType => (equalOrLessSpecific(a, b) ? a : b)

function equalOrLessSpecific(a: CelType, b: CelType): boolean {
  if (isDyn(a) || a.kind === 'parameter') return true
  if (isDyn(b) || b.kind === 'parameter') return false
  if (a.kind !== b.kind) return false
  if (a.kind === 'type') return true
  if (a.kind !== 'opaque' && a.kind !== 'list' && a.kind !== 'map') return sameType(a, b)
  return (
    a.name === b.name &&
    a.parameters.length === b.parameters.length &&
    a.parameters.every((each, index) => equalOrLessSpecific(each, b.parameters[index] as CelType))
  )
}

/** Bindings being tried, and what to put back should they not do. */
interface Trial {
  readonly bindings: Bindings
  readonly undo: (readonly [text: string, before: CelType | undefined])[]
}

function bind({ bindings, undo }: Trial, text: string, type: CelType): void {
  undo.push([text, bindings.get(text)])
  bindings.set(text, type)
}

const allFit = (trial: Trial, from: readonly CelType[], to: readonly CelType[]): boolean =>
  from.length === to.length && from.every((each, index) => fits(trial, each, to[index] as CelType))

function fits(trial: Trial, from: CelType, to: CelType): boolean {
  if (to.kind === 'parameter') {
    const { fits: fitting, bound } = bindTo(trial, from, to)
    if (fitting) return true
    if (bound) return false
  }
  if (from.kind === 'parameter') return bindTo(trial, to, from).fits
  if (isDynOrError(from) || isDynOrError(to)) return true
  if (from.kind === 'null') return nullable(to)
  if (to.kind === 'null') return nullable(from)
  switch (from.kind) {
    case 'type':
      return to.kind === 'type'
    case 'opaque':
    case 'list':
    case 'map':
      return from.kind === to.kind && from.name === to.name && allFit(trial, from.parameters, to.parameters)
    default:
      return sameType(from, to)
  }
}

/** Null may stand for a structure, a time or an opaque value, as it always could in the reference. */
const nullable = (type: CelType): boolean => ['opaque', 'struct', 'any', 'duration', 'timestamp', 'null'].includes(type.kind)

/** Whether the parameter can stand for the type, binding it if it is free; and whether it was bound before. */
function bindTo(trial: Trial, type: CelType, parameter: CelType): { fits: boolean; bound: boolean } {
  if (sameType(type, parameter)) return { fits: true, bound: true }
  const present = trial.bindings.get(parameter.text)
  if (present !== undefined) {
    if (sameType(type, present)) return { fits: true, bound: true }
    if (!fits(trial, type, present)) return { fits: false, bound: true }
    const wider = mostGeneral(type, present)
    if (!occursIn(trial, parameter, wider)) bind(trial, parameter.text, wider)
    return { fits: true, bound: true }
  }
  if (occursIn(trial, parameter, type)) return { fits: false, bound: false }
  bind(trial, parameter.text, type)
  return { fits: true, bound: false }
}

function occursIn(trial: Trial, parameter: CelType, type: CelType): boolean {
  if (sameType(parameter, type)) return true
  if (type.kind === 'parameter') {
    const bound = trial.bindings.get(type.text)
    return bound !== undefined && occursIn(trial, parameter, bound)
  }
  return type.parameters.some((each) => occursIn(trial, parameter, each))
}
