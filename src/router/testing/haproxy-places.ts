import { join } from 'node:path'

/** Where a test's own HAProxy keeps its files, all below `folder`. */
export const haproxyPlacesIn = (folder: string) => ({
  directory: join(folder, 'configuration'),
  runDirectory: join(folder, 'run'),
  pidFile: join(folder, 'run', 'haproxy.pid'),
  accessLog: join(folder, 'access.log'),
  programLog: join(folder, 'haproxy.log'),
})
