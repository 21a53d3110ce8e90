package batchkeeper;

import java.io.File;
import java.io.IOException;
import java.net.URI;
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

    @Override
    public void initialize(URI uri, Configuration conf) throws IOException {
      super.initialize(uri, conf);
      // Folders that this machine cannot show to programs: there a file of the machine would be meant.
      unseen = conf.getTrimmedStrings("batchkeeper.unseen");
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

    @Override
    public void setPermission(Path path, FsPermission permission) throws IOException {
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
