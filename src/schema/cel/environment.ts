import { type Environment, type Extension, extend } from '#lib/cel/cel.ts'
import { standardEnvironment } from '#lib/cel/standard.ts'

/** What every expression in the API may use: the language and the libraries of Kubernetes v1.36. */
export const kubernetesEnvironment: Environment = standardEnvironment

/** The environment of a certain use: variables with their types, structures that they have, further functions. */
export const environment = (extension: Extension): Environment => extend(kubernetesEnvironment, extension)
