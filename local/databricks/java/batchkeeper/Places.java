package batchkeeper;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.hadoop.conf.Configuration;

/**
 * Where the paths of DBFS lie on this machine: `/Volumes` and all else in two folders of the cluster, mounts where they are.
 * `cluster/folders/places.py` says the same for `dbutils.fs`.
 */
final class Places {
  static final String VOLUMES = "/Volumes";
  private static final CopyOnWriteArrayList MOUNTS = new CopyOnWriteArrayList();
  private static final LinkOption[] FOLLOWED = new LinkOption[0];
  private static final LinkOption[] THE_LINK_ITSELF = new LinkOption[] {LinkOption.NOFOLLOW_LINKS};

  private final Path files;
  private final Path volumes;

  Places(Configuration conf) {
    files = folder(conf, "batchkeeper.dbfs");
    volumes = folder(conf, "batchkeeper.volumes");
  }

  private static Path folder(Configuration conf, String setting) {
    String value = conf.get(setting);
    if (value == null) {
      throw new IllegalStateException("spark.hadoop." + setting + " names no folder: there is no DBFS outside the local cluster");
    }
    return new File(value).toPath();
  }

  /** From now on paths of DBFS below the folder `path` of this machine mean that folder. */
  static void mount(String path) {
    MOUNTS.addIfAbsent(new File(path).toPath().normalize());
  }

  /** The file of an absolute path of DBFS. Throws when the path, or a link on it, leads out of its root. */
  File find(String path) throws IOException {
    Path plain = new File(path).toPath().normalize();
    for (Object mount : MOUNTS) {
      if (plain.startsWith((Path) mount)) {
        return inside((Path) mount, plain, path);
      }
    }
    Path below = new File(VOLUMES).toPath();
    boolean isVolume = plain.startsWith(below);
    Path root = isVolume ? volumes : files;
    String rest = plain.toString().substring(isVolume ? VOLUMES.length() : 0);
    return inside(root, new File(root.toFile(), rest).toPath().normalize(), path);
  }

  /** Whether a file of this machine lies in a mount. */
  static boolean isMounted(Path file) throws IOException {
    for (Object mount : MOUNTS) {
      if (isInside((Path) mount, file)) {
        return true;
      }
    }
    return false;
  }

  /** Whether `file` lies in the folder `root`, also after all links on its way. */
  static boolean isInside(Path root, Path file) throws IOException {
    if (!file.startsWith(root)) {
      return false;
    }
    Path there = file;
    while (!Files.exists(there, THE_LINK_ITSELF) && !there.equals(root)) {
      there = there.getParent();
    }
    if (!Files.exists(there, THE_LINK_ITSELF)) {
      return true;
    }
    // A link that leads nowhere would be written through.
    return Files.exists(there, FOLLOWED) && there.toRealPath(FOLLOWED).startsWith(root.toRealPath(FOLLOWED));
  }

  private static File inside(Path root, Path found, String path) throws IOException {
    // Hadoop keeps what climbs above the root, and Java drops it: a name must not change its meaning.
    if (path.equals("/..") || path.startsWith("/../") || !isInside(root, found)) {
      throw outside(path);
    }
    return found.toFile();
  }

  private static IOException outside(String path) {
    return new IOException("dbfs:" + path + " leads out of its root");
  }
}
