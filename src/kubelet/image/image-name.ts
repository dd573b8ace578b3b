import { WherryError } from '#lib/errors.ts'

/**
 * The full form of an image reference, as the runtime keeps it: `nginx` → `docker.io/library/nginx:latest`. Throws `Invalid`, with the
 * reference parser's words, for what is none (distribution/reference).
 */
export function fullImageName(name: string): string {
  const { registry, repository, tag, digest } = parseImageName(name)
  const suffix = digest !== undefined ? `${tag === undefined ? '' : `:${tag}`}@${digest}` : `:${tag ?? 'latest'}`
  return `${registry}/${repository}${suffix}`
}

export interface ImageName {
  readonly registry: string
  readonly repository: string
  readonly tag: string | undefined
  readonly digest: string | undefined
}

export function parseImageName(name: string): ImageName {
  const match = form.exec(name)
  if (match === null) {
    const isUpperCase = form.test(name.toLowerCase()) && name !== ''
    throw new WherryError(
      'Invalid',
      `couldn't parse image name "${name}": ${isUpperCase ? 'invalid reference format: repository name must be lowercase' : 'invalid reference format'}`,
    )
  }
  const [, path = '', tag, digest] = match
  const slash = path.indexOf('/')
  const first = slash < 0 ? '' : path.slice(0, slash)
  // A first part without a dot or a port, and other than localhost, is not a registry.
  const hasRegistry = first !== '' && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase())
  const registry = hasRegistry ? first : 'docker.io'
  const rest = hasRegistry ? path.slice(slash + 1) : path
  const isDockerHub = registry === 'docker.io' || registry === 'index.docker.io'
  return {
    registry: isDockerHub ? 'docker.io' : registry,
    repository: isDockerHub && !rest.includes('/') ? `library/${rest}` : rest,
    tag,
    digest,
  }
}

const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const domain =
  '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?'
const form = new RegExp(
  `^((?:${domain}/)?${part}(?:/${part})*)(?::([\\w][\\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
)
