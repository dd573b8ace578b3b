import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { WherryError } from '#lib/errors.ts'
import { run } from '../run.ts'

/** Images of one containerd, by its own client `ctr`, in the namespace that CRI uses. */
const ctr = (socket: string, ...args: string[]): string[] => ['--address', socket, '--namespace', 'k8s.io', ...args]

/** Imports an OCI or Docker archive, given as parts, as a stream or as a file, and returns the names under which its images are now known. */
export async function importImages(
  socket: string,
  archive: readonly Uint8Array[] | Readable | { readonly file: string },
): Promise<string[]> {
  const source = 'file' in archive ? archive.file : '-'
  const { stdout } = await run('ctr', ctr(socket, 'images', 'import', '--digests=false', '--no-unpack=false', source), {
    timeoutMs: 600_000,
    ...('file' in archive ? {} : { input: archive instanceof Readable ? archive : Readable.from(archive) }),
  })
  const imported = [...stdout.matchAll(/^unpacking (\S+) /gm)].map((match) => match[1]!)
  const names: string[] = []
  for (const name of imported) {
    const full = normalizeImageName(name)
    // Kubernetes asks for the full name; archives often carry a short one.
    if (full !== name) await run('ctr', ctr(socket, 'images', 'tag', '--force', name, full))
    names.push(full)
  }
  return names
}

/** As `ctr` shows it; the size is a text such as `45.2 MiB`. */
export interface ListedImage {
  readonly name: string
  readonly digest: string
  readonly size: string
}

/** Named images; the entries by digest only, which CRI keeps for itself, are left out. */
export async function listImages(socket: string): Promise<ListedImage[]> {
  const { stdout } = await run('ctr', ctr(socket, 'images', 'list'))
  return stdout
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/))
    .filter(([name]) => name !== undefined && !name.startsWith('sha256:') && !name.includes('@sha256:'))
    .map(([name, , digest, size, unit]) => ({ name: name!, digest: digest!, size: `${size} ${unit}` }))
}

/** What was imported by hand, so that no registry may have it: a new node gets a copy. */
const importedLabel = 'wherry.local/imported'
/** Images that we make ourselves. */
const ownRegistry = 'wherry.local/'

/** Notes that these came by an import. */
export async function markImported(socket: string, names: readonly string[]): Promise<void> {
  for (const name of names) await run('ctr', ctr(socket, 'images', 'label', name, `${importedLabel}=true`))
}

/** The names of images that came by an import or were made here. */
export async function importedImages(socket: string): Promise<readonly string[]> {
  const { stdout } = await run('ctr', ctr(socket, 'images', 'list', '--quiet', `labels."${importedLabel}"==true`))
  const marked = stdout.split('\n').filter((name) => name !== '')
  const own = (await listImages(socket)).map(({ name }) => name).filter((name) => name.startsWith(ownRegistry))
  return [...new Set([...own, ...marked])]
}

/** Copies images from one containerd to others at once, by the way of no disk but theirs. */
export async function copyImages(from: string, targets: readonly string[], names: readonly string[]): Promise<void> {
  const source = spawn('ctr', ctr(from, 'images', 'export', '-', ...names), { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  source.stderr.on('data', (bytes: Buffer) => {
    said = (said + bytes).slice(-1000)
  })
  const ended = once(source, 'close') as Promise<[code: number | null]>
  const copies = targets.map(async (to) => {
    await importImages(to, source.stdout.pipe(new PassThrough()))
    await markImported(to, names)
  })
  const results = await Promise.allSettled(copies)
  // Where all failed nobody reads any more, and who writes would wait for ever.
  source.stdout.resume()
  const [code] = await ended
  if (code !== 0) throw new WherryError('InternalError', `images ${names.join(', ')} could not be read from ${from}: ${said.trim()}`)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

/** Removes an image, and waits until its layers are gone. */
export async function removeImage(socket: string, name: string): Promise<void> {
  await run('ctr', ctr(socket, 'images', 'remove', '--sync', normalizeImageName(name)))
}

/**
 * The full form of an image name, as the reference's parser gives it: `nginx` → `docker.io/library/nginx:latest`. A first part without a dot
 * or a port, and other than localhost, is not a registry.
 */
export function normalizeImageName(name: string): string {
  const [first, ...rest] = name.split('/')
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first!) || first === 'localhost')
  const path = hasRegistry ? name : `docker.io/${rest.length === 0 ? 'library/' : ''}${name}`
  return path.includes('@') || path.slice(path.lastIndexOf('/')).includes(':') ? path : `${path}:latest`
}
