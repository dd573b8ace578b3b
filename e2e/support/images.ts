/** Images for the tests, made of this machine's own programs: no registry is in reach. */
import { readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { arch } from 'node:process'
import { ociArchive } from '#host/images/oci-archive.ts'
import type { TarEntry } from '#host/images/tar.ts'
import { librariesOf } from '#host/images/welcome.ts'
import { run } from '#host/run.ts'

const architecture = arch === 'x64' ? 'amd64' : arch
const busybox = file('bin/busybox', '/bin/busybox', 0o755)
/** The words of busybox that tests and kubectl use (kubectl cp needs tar). */
const applets = [
  'sh',
  'cat',
  'echo',
  'ls',
  'sleep',
  'tar',
  'wget',
  'nslookup',
  'kill',
  'id',
  'env',
  'touch',
  'rm',
  'mkdir',
  'grep',
  'head',
  'wc',
  'hostname',
  'nc',
  'httpd',
  'true',
  'false',
  'date',
  'stat',
  'ps',
  'seq',
  'tail',
  'stty',
  'test',
]
const shell: readonly TarEntry[] = [
  busybox,
  ...applets.map((name): TarEntry => ({ type: 'link', path: `bin/${name}`, target: 'busybox' })),
  { type: 'directory', path: 'tmp', mode: 0o1777 },
]

/** Debian's nginx under the names that the classic manifest and its updates ask for. */
export async function nginxArchive(name: string): Promise<Uint8Array[]> {
  const program = '/usr/sbin/nginx'
  const libraries = librariesOf((await run('ldd', [program])).stdout)
  const configuration = `daemon off;
user root;
error_log /dev/stderr;
pid /tmp/nginx.pid;
events {}
http {
  access_log /dev/stdout;
  server {
    listen 80;
    location / { default_type text/html; return 200 "Welcome to nginx! $hostname ${name}\\n"; }
  }
}
`
  return ociArchive(
    { name, architecture, entrypoint: ['/usr/sbin/nginx', '-c', '/etc/nginx/nginx.conf'], exposedPorts: [80], stopSignal: 'SIGQUIT' },
    [
      ...shell,
      file('usr/sbin/nginx', program, 0o755),
      ...libraries.map((path) => file(path.slice(1), path, 0o755)),
      { type: 'file', path: 'etc/nginx/nginx.conf', mode: 0o644, parts: [Buffer.from(configuration)] },
      { type: 'file', path: 'etc/passwd', mode: 0o644, parts: [Buffer.from('root:x:0:0::/:/bin/sh\n')] },
      { type: 'file', path: 'etc/group', mode: 0o644, parts: [Buffer.from('root:x:0:\n')] },
      { type: 'directory', path: 'var/log/nginx', mode: 0o755 },
      { type: 'directory', path: 'var/lib/nginx', mode: 0o755 },
    ],
  )
}

/** A shell with the usual words; it sleeps unless told otherwise. */
export const busyboxArchive = (name: string): Uint8Array[] =>
  ociArchive({ name, architecture, command: ['/bin/sh', '-c', 'sleep 1000000 & wait'], env: ['PATH=/bin'] }, [
    ...shell,
    { type: 'file', path: 'etc/passwd', mode: 0o644, parts: [Buffer.from('root:x:0:0::/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n')] },
    { type: 'file', path: 'etc/group', mode: 0o644, parts: [Buffer.from('root:x:0:\nuser:x:1000:\n')] },
  ])

/** Writes an archive where `wherry image import` can read it. */
export function archiveFile(name: string, parts: readonly Uint8Array[]): string {
  const path = join(tmpdir(), `wherry-e2e-${name.replaceAll(/[^a-z0-9]+/g, '-')}.tar`)
  writeFileSync(path, Buffer.concat(parts))
  return path
}

function file(path: string, from: string, mode: number): TarEntry {
  return { type: 'file', path, mode, parts: [readFileSync(realpathSync(from))] }
}
