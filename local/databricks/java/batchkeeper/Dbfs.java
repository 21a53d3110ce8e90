package batchkeeper;

import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;

/** DBFS in folders of the local cluster: the file system of `dbfs:` and, as on Databricks, of all paths without a scheme. */
public class Dbfs extends InProcessFileSystem.Raw {
  static final URI ROOT = URI.create("dbfs:///");
  private Places places;

  /** See {@link Places#mount}; called by the controller. */
  public static void mount(String path) {
    Places.mount(path);
  }

  @Override
  public String getScheme() {
    return "dbfs";
  }

  @Override
  public URI getUri() {
    return ROOT;
  }

  @Override
  public void initialize(URI uri, Configuration conf) throws IOException {
    places = new Places(conf);
    super.initialize(uri, conf);
  }

  @Override
  protected Path getInitialWorkingDirectory() {
    return new Path("dbfs:/");
  }

  @Override
  public Path getHomeDirectory() {
    return new Path("dbfs:/");
  }

  @Override
  public File pathToFile(Path path) {
    checkPath(path);
    Path whole = path.isAbsolute() ? path : new Path(getWorkingDirectory(), path);
    try {
      return places.find(whole.toUri().getPath());
    } catch (IOException error) {
      throw new UncheckedIOException(error.getMessage(), error);
    }
  }

  @Override
  public FileStatus getFileStatus(Path path) throws IOException {
    File file = pathToFile(path);
    PosixFileAttributes seen;
    try {
      seen = (PosixFileAttributes) Files.readAttributes(file.toPath(), PosixFileAttributes.class, new LinkOption[0]);
    } catch (NoSuchFileException missing) {
      throw new FileNotFoundException("File " + makeQualified(path) + " does not exist");
    }
    FsPermission permission = FsPermission.valueOf((seen.isDirectory() ? "d" : "-") + PosixFilePermissions.toString(seen.permissions()));
    return new FileStatus(
        seen.isDirectory() ? 0 : seen.size(),
        seen.isDirectory(),
        1,
        getDefaultBlockSize(path),
        seen.lastModifiedTime().toMillis(),
        seen.lastAccessTime().toMillis(),
        permission,
        seen.owner().getName(),
        seen.group().getName(),
        makeQualified(path));
  }

  @Override
  public FileStatus getFileLinkStatus(Path path) throws IOException {
    return getFileStatus(path);
  }

  @Override
  public FileStatus[] listStatus(Path path) throws IOException {
    FileStatus status = getFileStatus(path);
    return status.isDirectory() ? super.listStatus(path) : new FileStatus[] {status};
  }

  @Override
  public boolean delete(Path path, boolean recursive) throws IOException {
    if (makeQualified(path).isRoot() || path.toUri().getPath().equals(Places.VOLUMES)) {
      throw new IOException(path + " is a root of DBFS and cannot be removed");
    }
    return super.delete(path, recursive);
  }

  @Override
  public boolean supportsSymlinks() {
    return false;
  }

  @Override
  public String toString() {
    return "DBFS";
  }
}
