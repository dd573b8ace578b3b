import { type Environment, type Extension, extend } from '#lib/cel/cel.ts'
import { mapInsertFunctions } from '#lib/cel/comprehensions.ts'
import type { CallCost, CallEstimator } from '#lib/cel/environment.ts'
import { listCallCost, listCallEstimate, listFunctions, setFunctions } from '#lib/cel/lists.ts'
import { optionalMacros, sortByMacro, twoVariableMacros } from '#lib/cel/macros.ts'
import { optionalFunctions } from '#lib/cel/optional.ts'
import { patternFunctions } from '#lib/cel/patterns.ts'
import { standardEnvironment } from '#lib/cel/standard.ts'
import { stringFunctions } from '#lib/cel/strings.ts'
import type { CelType } from '#lib/cel/types.ts'
import { authorizerFunctions } from './authorizer.ts'
import { checkConstants } from './constants.ts'
import { kubernetesCallCost, kubernetesCallEstimate } from './cost.ts'
import { formatFunctions, formatType } from './format.ts'
import { cidrFunctions, cidrType, ipFunctions, ipType } from './ip.ts'
import { kubernetesListFunctions } from './lists.ts'
import { quantityFunctions } from './quantity.ts'
import { preparePatterns, regexFunctions } from './regex.ts'
import { semverFunctions } from './semver.ts'
import { urlFunctions } from './url.ts'

const callCost: CallCost = (...call) => listCallCost(...call) ?? kubernetesCallCost(...call)
const callEstimate: CallEstimator = (...call) => listCallEstimate(...call) ?? kubernetesCallEstimate(...call)

/** Types that expressions can name beside the language's. */
const named: ReadonlyMap<string, CelType> = new Map([ipType, cidrType].map((type) => [type.name, type]))

const libraries: readonly Extension[] = [
  { functions: patternFunctions },
  { functions: optionalFunctions, macros: optionalMacros },
  { functions: urlFunctions },
  { functions: regexFunctions, prepare: preparePatterns },
  { functions: kubernetesListFunctions },
  { functions: authorizerFunctions },
  { functions: quantityFunctions },
  { functions: stringFunctions },
  { functions: setFunctions },
  { functions: ipFunctions },
  { functions: cidrFunctions },
  { functions: formatFunctions },
  { functions: mapInsertFunctions, macros: twoVariableMacros },
  { functions: semverFunctions },
  { functions: listFunctions, macros: sortByMacro },
  { structures: { find: (name) => named.get(name), field: () => undefined }, callCost, callEstimate, validate: checkConstants },
]

/** What every expression in the API may use: the language and the libraries of Kubernetes v1.36 (`environment/base.go`). */
export const kubernetesEnvironment: Environment = libraries.reduce(extend, standardEnvironment)

/** The environment of a certain use: variables with their types, structures that they have, further functions. */
export const environment = (extension: Extension): Environment => extend(kubernetesEnvironment, extension)
export { formatType }
