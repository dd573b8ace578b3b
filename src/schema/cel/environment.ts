import { type Environment, type Extension, extend } from '#lib/cel/cel.ts'
import { mapInsertFunctions } from '#lib/cel/comprehensions.ts'
import { listCallCost, listCallEstimate, listFunctions, setFunctions } from '#lib/cel/lists.ts'
import { optionalMacros, sortByMacro, twoVariableMacros } from '#lib/cel/macros.ts'
import { optionalFunctions } from '#lib/cel/optional.ts'
import { patternFunctions } from '#lib/cel/patterns.ts'
import { standardEnvironment } from '#lib/cel/standard.ts'
import { stringFunctions } from '#lib/cel/strings.ts'

const languageExtensions: readonly Extension[] = [
  { functions: patternFunctions },
  { functions: optionalFunctions, macros: optionalMacros },
  { functions: stringFunctions },
  { functions: setFunctions },
  { functions: mapInsertFunctions, macros: twoVariableMacros },
  { functions: listFunctions, macros: sortByMacro, callCost: listCallCost, callEstimate: listCallEstimate },
]

/** What every expression in the API may use: the language and the libraries of Kubernetes v1.36. */
export const kubernetesEnvironment: Environment = languageExtensions.reduce(extend, standardEnvironment)

/** The environment of a certain use: variables with their types, structures that they have, further functions. */
export const environment = (extension: Extension): Environment => extend(kubernetesEnvironment, extension)
