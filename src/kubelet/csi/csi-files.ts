/** What the kubelet's half of CSI needs of the machine; `host/csi/csi-files.ts` implements it. Paths are absolute, and every call may be repeated. */
export interface CsiFiles {
  /** Parents as needed; one that is there keeps its mode. */
  makeDirectory(path: string, mode: number): Promise<void>
  exists(path: string): Promise<boolean>
  /** Whole or not at all, and durable once it resolves. */
  write(path: string, content: string): Promise<void>
  /** A file, or a directory that is empty. Nothing there: done; more in it, or a mount on it: throws. */
  remove(path: string): Promise<void>
  isMounted(path: string): Promise<boolean>
  /** The file system mounted there keeps SELinux labels of its own, so files have to be relabelled for a container. */
  keepsLabels(path: string): Promise<boolean>
  /** The label of files that a container with these options may use; undefined on a machine without SELinux. */
  fileLabel(options: { readonly user?: string | undefined; readonly level?: string | undefined }): Promise<string | undefined>
}
