package batchkeeper;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/**
 * Hadoop's file system of local files, less the programs it runs. Without its native library it starts a `chmod` for each file that it
 * makes and a `readlink` for each that it renames: some twenty processes for one commit of a Delta table.
 */
public class InProcessFileSystem extends LocalFileSystem {
  public InProcessFileSystem() {
    super(new Raw());
  }

  /** The files themselves, without checksums. */
  public static class Raw extends RawLocalFileSystem {
    private String[] unseen = new String[0];
    private java.nio.file.Path[] kept = new java.nio.file.Path[0];
    private java.nio.file.Path[] scratch = new java.nio.file.Path[0];

    @Override
    public void initialize(URI uri, Configuration conf) throws IOException {
      super.initialize(uri, conf);
      // Folders that this machine cannot show to programs: there a file of the machine would be meant.
      unseen = conf.getTrimmedStrings("batchkeeper.unseen");
      // Whatever a path of another scheme leads to may be changed.
      if ("file".equals(uri.getScheme()) && conf.get("batchkeeper.state") != null) {
        kept = folders(conf.get("batchkeeper.state"), conf.get("batchkeeper.warehouse"));
        scratch = folders(conf.get("batchkeeper.scratch"), System.getProperty("java.io.tmpdir"));
      }
    }

    private static java.nio.file.Path[] folders(String one, String other) {
      return new java.nio.file.Path[] {new File(one).toPath(), new File(other).toPath()};
    }

    @Override
    public File pathToFile(Path path) {
      File file = super.pathToFile(path);
      for (int place = 0; place < unseen.length; place++) {
        if (file.toPath().startsWith(unseen[place])) {
          throw new IllegalArgumentException(path + ": this machine does not show programs " + unseen[place] + "; leave out `file:`");
        }
      }
      return file;
    }

    /**
     * Refuses to change a file that is neither the cluster's own, nor in a temporary folder, nor in a volume root: on Databricks `file:`
     * is the disk of a machine that is thrown away, here it is the user's.
     */
    private void requireOurs(File changed) throws IOException {
      java.nio.file.Path file = changed.toPath().normalize();
      for (int place = 0; place < kept.length; place++) {
        if (file.startsWith(kept[place])) {
          return;
        }
      }
      for (int place = 0; place < scratch.length; place++) {
        if (Places.isInside(scratch[place], file)) {
          return;
        }
      }
      if (kept.length > 0 && !Places.isMounted(file)) {
        throw new AccessDeniedException("file:" + file + " is on this machine's own disk: Spark changes only what lies in " + scratch[0]);
      }
    }

    @Override
    protected OutputStream createOutputStreamWithMode(Path path, boolean append, FsPermission permission) throws IOException {
      requireOurs(pathToFile(path));
      return super.createOutputStreamWithMode(path, append, permission);
    }

    @Override
    protected boolean mkOneDirWithMode(Path path, File folder, FsPermission permission) throws IOException {
      requireOurs(folder);
      return super.mkOneDirWithMode(path, folder, permission);
    }

    @Override
    public boolean delete(Path path, boolean recursive) throws IOException {
      requireOurs(pathToFile(path));
      return super.delete(path, recursive);
    }

    @Override
    public boolean rename(Path from, Path to) throws IOException {
      requireOurs(pathToFile(from));
      requireOurs(pathToFile(to));
      return super.rename(from, to);
    }

    @Override
    public boolean truncate(Path path, long length) throws IOException {
      requireOurs(pathToFile(path));
      return super.truncate(path, length);
    }

    @Override
    public void setPermission(Path path, FsPermission permission) throws IOException {
      requireOurs(pathToFile(path));
      if (permission.getStickyBit()) {
        // Java knows no such bit.
        super.setPermission(path, permission);
        return;
      }
      String wanted = permission.getUserAction().SYMBOL + permission.getGroupAction().SYMBOL + permission.getOtherAction().SYMBOL;
      Files.setPosixFilePermissions(pathToFile(path).toPath(), PosixFilePermissions.fromString(wanted));
    }

    @Override
    public FileStatus getFileLinkStatus(Path path) throws IOException {
      return Files.isSymbolicLink(pathToFile(path).toPath()) ? super.getFileLinkStatus(path) : getFileStatus(path);
    }
  }
}
