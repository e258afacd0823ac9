/** The log on disk is broken where no crash breaks it. Nothing was changed. */
export class WalDamaged extends Error {
  override readonly name = 'WalDamaged'
  /** Stable. */
  readonly code = 'WAL_DAMAGED'

  /**
   * @param file path of the broken segment.
   * @param offset where in it, in bytes.
   * @param reason what is wrong there, as the rest of a sentence about the file.
   */
  constructor(
    readonly file: string,
    readonly offset: number,
    reason: string,
  ) {
    super(
      `${file} ${reason} (at byte ${offset}). Entries that were acknowledged may be lost, so this member must not start: remove it from the cluster, empty its data directory and add it again; if it is the only member, restore a snapshot.`,
    )
  }
}
