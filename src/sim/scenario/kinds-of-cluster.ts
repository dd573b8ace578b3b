import { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { type AnyKind, apiVersionOf } from '#api/kind.ts'
import { kinds } from '#api/kinds.ts'
import { kindsOf } from '#apiserver/custom-resources/kinds-of.ts'
import type { World } from '../world.ts'

/** Every kind that a cluster serves at this moment: the built-in ones, then those of its definitions. */
export const kindsOfCluster = (world: World): readonly AnyKind[] => [
  ...(kinds as readonly AnyKind[]),
  ...world.list<CustomResourceDefinition>(CustomResourceDefinition).flatMap((definition) => kindsOf(definition)),
]

/** The kind that an object names; undefined where nobody serves it. */
export const kindOf = (all: readonly AnyKind[], named: { readonly apiVersion: string; readonly kind: string }): AnyKind | undefined =>
  all.find((kind) => kind.kind === named.kind && apiVersionOf(kind) === named.apiVersion)
