import { APIGroup, APIGroupList, APIVersions } from '#api/meta/v1/types.ts'
import { componentNameOf } from '#schema/openapi.ts'
import { type AnyType, field, message, string } from '#schema/schema.ts'
import { capital, type Operation, wordOf } from './operation.ts'
import { objectTypes } from './paths.ts'

/** One document about the API itself: a single path and what it answers. */
export interface RootDocument {
  /** `apis/apps`. */
  readonly name: string
  readonly operation: Operation
  /** What its answer is made of. */
  readonly types: readonly AnyType[]
}

/** What `/version` answers. */
const Info = message('k8s.io.apimachinery.pkg.version.Info', {
  major: field(1, string(), { required: true }),
  minor: field(2, string(), { required: true }),
  emulationMajor: field(3, string()),
  emulationMinor: field(4, string()),
  minCompatibilityMajor: field(5, string()),
  minCompatibilityMinor: field(6, string()),
  gitVersion: field(7, string(), { required: true }),
  gitCommit: field(8, string(), { required: true }),
  gitTreeState: field(9, string(), { required: true }),
  buildDate: field(10, string(), { required: true }),
  goVersion: field(11, string(), { required: true }),
  compiler: field(12, string(), { required: true }),
  platform: field(13, string(), { required: true }),
})

/** Documents of the groups, and of what stands beside them. `responders`: further paths that this server answers. */
export function rootDocuments(groups: readonly string[], responders: readonly string[]): readonly RootDocument[] {
  return [
    objects('api', 'core', 'getCoreAPIVersions', APIVersions),
    { ...objects('apis', 'apis', 'getAPIVersions', APIGroupList), types: [APIGroupList, APIGroup] },
    ...groups
      .filter((group) => group !== '')
      .map((group) => objects(`apis/${group}`, wordOf(group), `get${capital(wordOf(group))}APIGroup`, APIGroup)),
    { ...document('version', 'version', 'getCodeVersion', Info, json), types: [Info] },
    ...texts.filter(({ name }) => responders.includes(`/${name}`)),
  ]
}

const json = ['application/json']

function document(
  name: string,
  tag: string,
  operationId: string,
  type: AnyType | null,
  produces: readonly string[],
  consumes: readonly string[] | undefined = produces,
): RootDocument {
  return {
    name,
    operation: {
      method: 'get',
      tag,
      operationId,
      query: [],
      answers: { 200: type === null ? null : componentNameOf(type) },
      produces,
      ...(consumes.length > 0 && { consumes }),
    },
    types: type === null ? [] : [type],
  }
}

const objects = (name: string, tag: string, operationId: string, type: AnyType): RootDocument =>
  document(name, tag, operationId, type, objectTypes)

/** How tokens of ServiceAccounts are verified outside (OpenID Connect Discovery). */
const texts: readonly RootDocument[] = [
  document('openid/v1/jwks', 'openid', 'getServiceAccountIssuerOpenIDKeyset', null, ['application/jwk-set+json'], []),
  document('.well-known/openid-configuration', 'WellKnown', 'getServiceAccountIssuerOpenIDConfiguration', null, json, []),
]
